"""Nightly price ladder.

Takes the offer table of one market and derives list price, floor, markdown
and margin band.  Called per market from the pricing DAG and, for what-if
questions, from the back-office API.
"""
import numpy as np
import pandas as pd

VAT = {"DE": 0.19, "AT": 0.20, "FR": 0.20, "LU": 0.17}
BANDS = [(0.05, "loss-leader"), (0.15, "thin"), (0.30, "normal")]


def charm(price):
    """Round to the next x.99."""
    return np.floor(price) + 0.99


def _list_price(row):
    base = row["cost"] * (1 + row["markup"])
    if row["age_days"] > 180:
        base = base * 0.8
    elif row["age_days"] > 90:
        base = base * 0.9
    gross = base * (1 + VAT.get(row["country"], 0.21))
    return charm(gross)


def add_list_price(df: pd.DataFrame) -> pd.DataFrame:
    df = df.copy()
    df["list_price"] = df.apply(_list_price, axis=1)
    return df


def band_of(margin: float) -> str:
    for upper, name in BANDS:
        if margin < upper:
            return name
    return "rich"


def margin_bands(df: pd.DataFrame) -> pd.Series:
    margins = []
    for _, row in df.iterrows():
        margins.append((row["price"] - row["cost"]) / row["price"])
    bands = [band_of(m) for m in margins]
    return pd.Series(bands, index=df.index, name="band")


def undercut(df, competitor):
    """For each sku the lowest price of any competitor, and whether we are above it."""
    out = []
    for i in range(len(df)):
        sku = df.iloc[i]["sku"]
        ours = df.iloc[i]["price"]
        rivals = competitor[competitor["sku"] == sku]
        if rivals.empty:
            continue
        low = rivals["price"].min()
        out.append({"sku": sku, "low": float(low), "above": bool(ours > low)})
    return out


def _offers(n, seed):
    g = np.random.default_rng(seed)
    cost = g.uniform(1, 90, n).round(2)
    return pd.DataFrame({
        "sku": [f"S{k:04d}" for k in range(n)],
        "cost": cost,
        "markup": g.uniform(0.02, 0.9, n).round(3),
        "age_days": g.integers(0, 400, n),
        "country": g.choice(["DE", "AT", "FR", "LU", "NL"], n),
        "price": (cost * g.uniform(0.98, 1.8, n)).round(2),
    })


def _rivals(n, skus, seed):
    g = np.random.default_rng(seed)
    return pd.DataFrame({"sku": [f"S{k:04d}" for k in g.integers(0, skus, n)], "price": g.uniform(1, 150, n).round(2)})


CALLS = [
    ("add_list_price", lambda: (_offers(1200, 1),)),
    ("add_list_price", lambda: (_offers(500, 2).sample(frac=1.0, random_state=3),)),
    ("add_list_price", lambda: (_offers(1, 4),)),
    ("margin_bands", lambda: (_offers(600, 5),)),
    ("margin_bands", lambda: (_offers(500, 6).set_index("sku"),)),
    ("margin_bands", lambda: (_offers(30, 7).query("country == 'DE'"),)),
    ("undercut", lambda: (_offers(50, 8), _rivals(600, 80, 9))),
    ("undercut", lambda: (_offers(10, 10), _rivals(4, 100, 11))),
]
