"""Weekly merchandising report. The frames come out of hand-written joins, so be careful with them."""
import numpy as np
import pandas as pd

PROMO_FACTOR = 0.85


def week_totals(df):
    """Sum of qty * price per index label, as a plain dict."""
    totals = {}
    for label, row in df.iterrows():
        totals[label] = totals.get(label, 0) + row["qty"] * row["price"]
    return totals


def last_price(df):
    # later rows override earlier ones
    prices = {}
    for label, row in df.iterrows():
        prices[label] = row["price"]
    return prices


def first_values(df, column):
    """One number per row, whatever the join did to the column names: the first column of that name counts."""
    out = []
    for _, row in df.iterrows():
        value = row[column]
        if isinstance(value, pd.Series):
            value = value.iloc[0]
        out.append(value)
    return out


def describe_row(row):
    if pd.isna(row["price"]):
        return "n/a"
    if row["promo"] is True:
        return f"{row['sku']}: {row['price'] * PROMO_FACTOR:.2f} (promo)"
    return f"{row['sku']}: {row['price']} x {row['qty']}"


def labels(df):
    return df.apply(describe_row, axis=1)


def mark_down(df, sold_out):
    """Zero the price of sold-out labels, in the frame itself."""
    changed = 0
    for label in df.index:
        if label in sold_out and (df.loc[label, "price"] != 0).any():
            df.loc[label, "price"] = 0.0
            changed += 1
    return changed


def pick(df, k=5):
    """The k best sellers as (label, qty)."""
    pairs = [(label, row["qty"]) for label, row in df[["qty"]].iterrows()]
    pairs.sort(key=lambda p: p[1], reverse=True)
    return pairs[:k]


def _frame(n, seed, dup=3):
    g = np.random.default_rng(seed)
    return pd.DataFrame(
        {"qty": g.integers(0, 9, n), "price": g.uniform(1, 40, n).round(2)},
        index=[f"L{v}" for v in g.integers(0, max(1, n // dup), n)],
    )


def _mixed(n, seed):
    df = _frame(n, seed).reset_index(names="sku")
    g = np.random.default_rng(seed + 100)
    df["promo"] = pd.Series([[True, False, None][k] for k in g.integers(0, 3, n)], dtype=object)
    df.loc[g.random(n) < 0.1, "price"] = np.nan
    df.index = n - df.index.to_numpy() * 2
    return df


def _joined(n, seed):
    a, b = _frame(n, seed), _frame(n, seed + 1)
    b.index = a.index
    return pd.concat([a, b], axis=1)


CALLS = [
    ("week_totals", lambda: (_frame(800, 1),)),
    ("week_totals", lambda: (_frame(600, 2).set_index(pd.Index(np.random.default_rng(3).choice([1.5, 2.5, 10.0], 600))),)),
    ("week_totals", lambda: (_joined(3, 4),)),
    ("week_totals", lambda: (_frame(0, 5),)),
    ("last_price", lambda: (_frame(600, 6),)),
    ("last_price", lambda: (_frame(500, 7).astype({"price": "float32", "qty": "int8"}),)),
    ("first_values", lambda: (_joined(150, 8), "price")),
    ("first_values", lambda: (_frame(600, 9), "qty")),
    ("first_values", lambda: (_mixed(400, 10), "qty")),
    ("labels", lambda: (_mixed(900, 11),)),
    ("labels", lambda: (_mixed(1, 12),)),
    ("mark_down", lambda: (_frame(120, 13), {"L1", "L3", "L20", "nope"})),
    ("mark_down", lambda: (_frame(30, 14, dup=1), {"L2", "L5"})),
    ("pick", lambda: (_frame(700, 15),)),
    ("pick", lambda: (_frame(4, 16), 9)),
]
