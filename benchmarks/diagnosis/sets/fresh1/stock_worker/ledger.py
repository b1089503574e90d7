import pandas as pd


class Ledger:
    def __init__(self, skus):
        self.stock = pd.DataFrame({"on_hand": 40, "sold": 0, "returned": 0}, index=pd.Index(skus, name="sku"))

    def book(self, movements):
        for movement in movements:
            sku, delta = movement["sku"], movement["delta"]
            level = self.stock.at[sku, "on_hand"] + delta
            self.stock.loc[sku, "on_hand"] = max(level, 0)
            if movement["reason"] == "S":
                self.stock.loc[sku, "sold"] += abs(delta)
            elif movement["reason"] == "R":
                self.stock.loc[sku, "returned"] += abs(delta)

    def on_hand(self, sku):
        return self.stock.at[sku, "on_hand"]
