"""Order quantities."""
import math

import pandas as pd


def plan(items, lead_days, guests):
    stock = pd.DataFrame(items)
    stock["days"] = stock["kind"].map(lead_days)
    stock["need"] = stock["per_guest"] * guests * stock["days"] * 1.15
    lines = []
    for _, row in stock.iterrows():
        missing = row["need"] - row["on_hand"]
        if missing <= 0:
            continue
        lines.append(
            {
                "item": int(row["item"]),
                "kind": row["kind"],
                "packs": int(math.ceil(missing / row["pack"])),
            }
        )
    lines.sort(key=lambda line: -line["packs"])
    return lines
