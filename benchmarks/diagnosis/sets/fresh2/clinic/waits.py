"""Waiting times by ward."""
import pandas as pd


def summarise(visits):
    calm = visits[~visits["urgent"]]
    return pd.Series(
        {
            "patients": len(visits),
            "median": calm["wait"].median(),
            "longest": calm["wait"].max(),
            "busy": visits["treat"].sum() / 60.0,
        }
    )


def by_ward(visits):
    table = visits.groupby("ward")[["urgent", "wait", "treat"]].apply(summarise)
    rows = []
    for ward, patients, median, longest, busy in table.itertuples():
        rows.append({"ward": ward, "patients": int(patients), "median": median, "longest": longest, "busy": round(busy, 2)})
    return rows
