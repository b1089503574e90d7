"""A report of orders, made from frames for each request."""
import pandas as pd
import numpy as np

RATES = {"de": 0.19, "fr": 0.2, "ch": 0.081}


def total_with_tax(orders):
    total = 0.0
    for _, row in orders.iterrows():
        total += row["price"] * row["amount"] * 1.19
    return total


def line_totals(orders):
    totals = []
    for _, row in orders.iterrows():
        totals.append(row["price"] * row["amount"])
    return totals


def discounted(orders):
    # the accountant wants half of the discount on small orders
    return orders.apply(lambda row: row["price"] * (1 - row["discount"]), axis=1)


def _bracket(row):
    if row["amount"] > 40:
        return row["price"] * 0.9
    return row["price"]


def bracketed(orders):
    frame = orders.copy()
    frame["net"] = frame.apply(_bracket, axis=1)
    return frame


def taxed(orders):
    """Tax by country."""
    return [row.price * (1 + RATES[row.country]) for row in orders.itertuples()]


def large(orders, limit):
    found = []
    for i in range(len(orders)):
        if orders["price"].iloc[i] > limit:
            found.append(orders["id"].iloc[i])
    return found


def cents(orders):
    return orders["price"].apply(lambda price: price * 100)


def grown(parts):
    frame = pd.DataFrame()
    for part in parts:
        frame = pd.concat([frame, part])
    return frame


def best(orders, k):
    return orders.sort_values("price", ascending=False).head(k)


def ranked(orders, k):
    return orders.sort_values(by="price", ascending=False)["id"].tolist()[:k]


def _orders(n, seed=1):
    r = np.random.default_rng(seed)
    return pd.DataFrame({
        "id": np.arange(n),
        "price": r.random(n) * 100,
        "amount": r.integers(1, 80, n),
        "discount": r.random(n) / 2,
        "country": r.choice(list(RATES), n),
    })


CALLS = [
    ("total_with_tax", lambda: (_orders(300),)),
    ("line_totals", lambda: (_orders(300),)),
    ("line_totals", lambda: (_orders(300)[["price", "amount"]],)),
    ("discounted", lambda: (_orders(500),)),
    ("bracketed", lambda: (_orders(500)[["id", "price", "amount"]],)),
    ("taxed", lambda: (_orders(500),)),
    ("large", lambda: (_orders(400), 50.0)),
    ("cents", lambda: (_orders(2000),)),
    ("grown", lambda: ([_orders(20, s) for s in range(8)],)),
    ("best", lambda: (_orders(3000), 10)),
    ("ranked", lambda: (_orders(3000), 10)),
]
