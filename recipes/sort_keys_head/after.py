import numpy as np
import pandas as pd

def _taken(frame, order):
    """These rows with the index that a sort of all rows leaves; raises where that may be a range."""
    first = frame.take(order)
    if type(frame.index) is pd.RangeIndex:
        if order[0] in (0, len(frame) - 1):
            raise ValueError("sorted already, or in reverse")
        first.index = pd.Index(frame.index.start + frame.index.step * order, name=frame.index.name)
    return first


def _first(frame, keys, k):
    """The first k rows in the order of several keys, equal ones as they stand; raises where NaN is among the first."""
    bound = np.partition(keys[0], k - 1)[k - 1]
    places = np.flatnonzero(keys[0] <= bound)
    if len(places) < k:
        raise ValueError("NaN")
    order = np.lexsort([key[places] for key in reversed(keys)])
    return _taken(frame, places[order[:k]])


def _sorted_head(players, k):
    """`players.sort_values(["score", "id"], ascending=[False, True] …`, by a faster way where that gives the same."""
    if (
        type(players) is pd.DataFrame
        and players.columns.is_unique
        and {"score", "id"} <= set(players.columns)
        and all(players[each].dtype in ("float64", "int64") for each in ("score", "id"))
        and type(players.index) in (pd.RangeIndex, pd.Index)
        and {"score", "id"}.isdisjoint(players.index.names)
        and type(k) is int
        and 0 < k < len(players)
        and len(players) >= 1500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                keys = [players[each].to_numpy() for each in ("score", "id")]
                keys[0] = ~keys[0] if keys[0].dtype == "int64" else -keys[0]
                result = _first(players, keys, k)
        except Exception:
            pass
        else:
            return result
    return players.sort_values(["score", "id"], ascending=[False, True]).head(k)


def leaders(players, k):
    return _sorted_head(players, k)
