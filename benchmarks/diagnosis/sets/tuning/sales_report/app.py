"""Recomputes the sales dashboard from the order table, over and over."""
import random
import time

import numpy as np
import pandas as pd

ROWS = 300_000


def orders(seed=14):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "shop": rng.integers(0, 120, ROWS),
            "day": rng.integers(0, 365, ROWS),
            "net": rng.gamma(2.0, 18.0, ROWS),
            "units": rng.integers(1, 9, ROWS),
            "returned": rng.random(ROWS) < 0.06,
        }
    )


class Dashboard:
    def __init__(self, table):
        self.table = table
        self.figures = {}

    def refresh(self, since):
        recent = self.table[self.table["day"] >= since]
        kept = recent[~recent["returned"]]
        revenue = kept["net"] * kept["units"]
        per_shop = revenue.groupby(kept["shop"]).sum()
        per_day = revenue.groupby(kept["day"]).mean()
        self.figures = {
            "revenue": float(revenue.sum()),
            "best_shop": int(per_shop.idxmax()),
            "trend": float(per_day.rolling(28).mean().iloc[-1]),
            "return_rate": float(recent["returned"].mean()),
        }
        return self.figures


def main():
    rnd = random.Random(1)
    dashboard = Dashboard(orders())
    print("dashboard is up", flush=True)
    while True:
        started = time.monotonic()
        figures = dashboard.refresh(rnd.randrange(200))
        if figures["return_rate"] > 0.2:
            print("many returns", figures, flush=True)
        time.sleep(max(0.0, 0.035 - (time.monotonic() - started)))


main()
