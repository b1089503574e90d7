import random

import pandas as pd

SERVICES = ["express", "standard", "economy", "groupage", "rail"]


class Tariff:
    def __init__(self, rows):
        self.rows = rows

    @classmethod
    def load(cls):
        rnd = random.Random(31)
        records = []
        for service in SERVICES:
            for zone in range(1, 9):
                base = rnd.uniform(5, 40)
                records.append({
                    "service": service,
                    "zone": zone,
                    "max_weight": rnd.choice([70.0, 300.0, 1000.0, 2500.0]),
                    "base": round(base, 2),
                    "per_kg": round(rnd.uniform(0.08, 0.9), 3),
                    "per_m3": round(rnd.uniform(10, 60), 2),
                    "days": rnd.randrange(1, 9),
                })
        return cls(pd.DataFrame.from_records(records))

    def offers(self, zone, weight, volume):
        found = []
        for _, row in self.rows.iterrows():
            if row["zone"] != zone or row["max_weight"] < weight:
                continue
            price = row["base"] + max(weight * row["per_kg"], volume * row["per_m3"])
            found.append({"service": row["service"], "price": round(float(price), 2), "days": int(row["days"])})
        return sorted(found, key=lambda offer: (offer["price"], offer["days"]))
