import pandas as pd

PEAK = range(7 * 60, 20 * 60)


def rate(row):
    price = 0.31 if row["t"] in PEAK else 0.22
    if row["flags"] == "E":
        price *= 0.5
    return row["kwh"] * price


def day_cost(rows):
    frame = pd.DataFrame(rows, columns=["t", "kwh", "flags"])
    cost = frame.apply(rate, axis=1)
    return round(float(cost.sum()), 2)
