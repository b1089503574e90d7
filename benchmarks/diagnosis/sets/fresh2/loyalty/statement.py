"""A basket as a table."""
import pandas as pd


class Table:
    """Thin layer over a frame, so that nobody else depends on its API."""

    def __init__(self, records):
        self._frame = pd.DataFrame(records)

    def rows(self):
        for _, row in self._frame.iterrows():
            yield row

    def amount(self):
        return float((self._frame["price"] * self._frame["quantity"]).sum())


class Statement:
    def __init__(self, tariff, lines):
        self._tariff = tariff
        self._table = Table(lines)

    def points(self):
        earned = 0
        for row in self._table.rows():
            earned += self._tariff.points_for(row["category"], row["price"] * row["quantity"])
        return earned

    def total(self):
        return round(self._table.amount(), 2)
