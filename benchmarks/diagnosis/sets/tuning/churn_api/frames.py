"""A thin layer over pandas, so that the rest of the service speaks of customers."""
import pandas as pd


class CustomerTable:
    def __init__(self, records):
        self._df = pd.DataFrame.from_records(records)

    def with_tenure(self, today):
        self._df["tenure"] = today - self._df["joined"]
        return self

    def score(self, model):
        self._df["score"] = self._df.apply(model.predict_row, axis=1)
        return self

    def top(self, n):
        return self._df.nlargest(n, "score")[["id", "score"]].to_dict("records")


class LinearModel:
    def __init__(self, coefficients, bias):
        self.coefficients = coefficients
        self.bias = bias

    def predict_row(self, row):
        total = self.bias
        for name, weight in self.coefficients.items():
            total += weight * row[name]
        return total
