import pandas as pd
import operator
import numpy as np


def _matrix(rows, names=None):
    """Dicts of numbers as the array that a DataFrame of them gives; raises where that would be another one."""
    if {*map(type, rows)} != {dict}:
        raise TypeError("rows that are no dicts")
    if names is None:
        names = list(rows[0])
        if {*map(len, rows)} != {len(names)}:
            raise ValueError("rows with other keys")
    if len(names) < 2 or len({*names}) < len(names):
        raise ValueError("one column, or a column twice")
    cells = list(map(operator.itemgetter(*names), rows))
    kinds = [{*map(type, column)} for column in zip(*cells)]
    if not {float} <= set().union(*kinds) <= {float, int}:
        raise TypeError("no floats and ints")
    values = np.array(cells, dtype=float, order="F")
    if (np.abs(values) >= 2.0**63).any():
        raise OverflowError("ints that are objects to pandas")
    if {int} in kinds:
        return values  # pandas copies columns of ints and of floats into a new array
    return pd.DataFrame(values, copy=False).to_numpy()


def _values(candidates, features):
    """`pd.DataFrame(candidates)[features].fillna(0.0).to_numpy()`, by a faster way where that gives the same."""
    if type(candidates) is list and type(features) is list and len(candidates) <= 1000:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = _matrix(candidates, features)
        except Exception:
            pass
        else:
            if not np.isnan(result).any():
                return result
    return pd.DataFrame(candidates)[features].fillna(0.0).to_numpy()


def design(candidates, features):
    return _values(candidates, features)
