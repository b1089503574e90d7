import numpy as np
import pandas as pd


def recorded(vehicle, points=90):
    gen = np.random.default_rng(vehicle)
    return pd.DataFrame({
        "vehicle": vehicle,
        "trip": np.repeat(np.arange(6), points // 6),
        "km": gen.gamma(2, 0.4, points),
        "fuel": gen.gamma(2, 0.03, points),
        "speed": gen.uniform(0, 110, points),
    })


def consumption(track):
    parts = []
    for trip, leg in track.groupby("trip"):
        moving = leg[leg["speed"] > 5]
        total = moving[["km", "fuel"]].sum()
        parts.append(pd.DataFrame({
            "trip": [trip],
            "km": [total["km"]],
            "litres": [100 * total["fuel"] / max(total["km"], 0.1)],
        }))
    return pd.concat(parts, ignore_index=True)
