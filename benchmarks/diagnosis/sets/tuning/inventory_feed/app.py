"""Every few seconds: reads the stock table, decides what to reorder, writes the orders to the outbox."""
import collections
import json
import random
import tempfile
import time
from pathlib import Path

import pandas as pd

PERIOD_S = 0.4
LEAD_DAYS = {"local": 2, "eu": 6, "overseas": 35}


def stock_table(rows, seed=8):
    rnd = random.Random(seed)
    return pd.DataFrame(
        {
            "sku": [f"A{i:06d}" for i in range(rows)],
            "on_hand": [rnd.randrange(400) for _ in range(rows)],
            "daily": [rnd.uniform(0.1, 12.0) for _ in range(rows)],
            "supplier": [rnd.choice(list(LEAD_DAYS)) for _ in range(rows)],
            "pack": [rnd.choice([1, 6, 12, 24]) for _ in range(rows)],
        }
    )


def reorder(table, safety=1.3):
    orders = []
    for _, row in table.iterrows():
        need = row["daily"] * LEAD_DAYS[row["supplier"]] * safety
        missing = need - row["on_hand"]
        if missing > 0:
            packs = -(-missing // row["pack"])
            orders.append({"sku": row["sku"], "supplier": row["supplier"], "units": int(packs * row["pack"])})
    return orders


def sell(table, rnd):
    sold = [rnd.randrange(3) for _ in range(len(table))]
    table["on_hand"] = (table["on_hand"] - sold).clip(lower=0)


def write_outbox(folder, orders):
    by_supplier = collections.defaultdict(list)
    for order in orders:
        by_supplier[order["supplier"]].append(order)
    for supplier, lines in by_supplier.items():
        path = folder / f"{supplier}.json"
        path.write_text(json.dumps(lines[:500]))


def main():
    rnd = random.Random(2)
    table = stock_table(9000)
    with tempfile.TemporaryDirectory() as outbox:
        print(f"watching {len(table)} articles", flush=True)
        while True:
            started = time.monotonic()
            sell(table, rnd)
            orders = reorder(table)
            write_outbox(Path(outbox), orders)
            time.sleep(max(0.0, PERIOD_S - (time.monotonic() - started)))


if __name__ == "__main__":
    main()
