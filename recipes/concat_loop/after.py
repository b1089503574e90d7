import pandas as pd
import functools


def _kept(part):
    """A part that nobody can change later, as concat copies it; raises what concat raises."""
    if type(part) is pd.DataFrame:
        return part.copy(deep=pd.__version__ < "3")  # from 3 on, whoever writes to one of the two copies it first
    pd.concat([pd.DataFrame(), part])
    return part


def _joined(frame, parts):
    """What one concat after another gives: at once where all parts have the same columns and dtypes."""
    if all(type(part) is pd.DataFrame for part in parts):
        kinds = [(list(part.dtypes), list(part.columns)) for part in parts]
        if kinds and kinds.count(kinds[0]) == len(kinds):
            return pd.concat([frame, *parts], ignore_index=True)
    return functools.reduce(lambda grown, part: pd.concat([grown, part], ignore_index=True), parts, frame)


def gathered(pages):
    frame = pd.DataFrame()
    parts = []
    for page in pages:
        if page is not None:
            parts.append(_kept(page))
    frame = _joined(frame, parts)
    return frame
