import numpy as np
import pandas as pd

def _by_column(minutes, rate, charge):
    """`minutes.apply(charge)`, by a faster way where that gives the same."""
    if (
        type(minutes) is pd.Series
        and minutes.dtype == "float64"
        and not minutes.attrs
        and type(rate) is float
        and len(minutes) >= 500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                column = minutes.to_numpy()
                values = np.empty(len(minutes))
                chosen = column <= 10.0
                values[chosen] = 0.0
                rest = ~chosen
                chosen = rest & (column > 1000.0)
                values[chosen] = rate / column[chosen]
                rest &= ~chosen
                values[rest] = column[rest] * rate
                result = pd.Series(values, index=minutes.index, name=minutes.name)
        except Exception:
            pass
        else:
            return result
    return minutes.apply(charge)


def charges(minutes, rate):
    def charge(minute):
        if minute <= 10.0:
            return 0.0
        return rate / minute if minute > 1000.0 else minute * rate

    return _by_column(minutes, rate, charge)
