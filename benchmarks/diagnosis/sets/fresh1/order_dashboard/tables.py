"""A thin layer, so that the rest of the shop need not know what holds its tables."""
import pandas as pd


class Table:
    def __init__(self, rows):
        self._data = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)

    def __len__(self):
        return len(self._data)

    def joined(self, other, on):
        return Table(self._data.merge(other._data, on=on, how="left"))

    def with_product(self, name, left, right):
        return Table(self._data.assign(**{name: self._data[left] * self._data[right]}))

    def totals(self, by, of):
        grouped = self._data.groupby(by, sort=True)[of].sum()
        return {str(key): float(value) for key, value in grouped.items()}
