"""The few table operations that our services share."""
import pandas as pd


class Table:
    def __init__(self, frame):
        self._frame = frame

    @classmethod
    def of(cls, records):
        return cls(pd.DataFrame.from_records(list(records)))

    def __len__(self):
        return len(self._frame)

    def joined(self, other, key):
        return Table(self._frame.merge(other._frame, on=key, how="left"))

    def derive(self, name, left, right):
        self._frame[name] = self._frame[left] * self._frame[right]

    def summed(self, key, columns):
        return Table(self._frame.groupby(key, as_index=False)[columns].sum())

    def ordered(self, column, descending=True):
        return Table(self._frame.sort_values(column, ascending=not descending))

    def records(self):
        return self._frame.to_dict("records")
