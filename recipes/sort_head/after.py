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


def _first(frame, key, k):
    """The first k rows in the order of a key; raises where equal keys or NaN leave the order open."""
    order = np.argpartition(key, k)[: k + 1]
    order = order[np.argsort(key[order])]
    found = key[order]
    if not (found[:-1] < found[1:]).all():
        raise ValueError("equal keys, or NaN")
    return _taken(frame, order[:k])


def _sorted_head(players, k):
    """`players.sort_values("score", ascending=False).head(k)`, by a faster way where that gives the same."""
    if (
        type(players) is pd.DataFrame
        and players.columns.is_unique
        and {"score"} <= set(players.columns)
        and players["score"].dtype in ("float64", "int64")
        and type(players.index) in (pd.RangeIndex, pd.Index)
        and {"score"}.isdisjoint(players.index.names)
        and type(k) is int
        and 0 < k < len(players)
        and len(players) >= 1500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                key = players["score"].to_numpy()
                key = ~key if players["score"].dtype == "int64" else -key
                result = _first(players, key, k)
        except Exception:
            pass
        else:
            return result
    return players.sort_values("score", ascending=False).head(k)


def leaders(players, k):
    return _sorted_head(players, k)
