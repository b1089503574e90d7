"""The first rows of a frame sorted by several columns: only those rows are sorted that can be among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_HELPER = '''
def {taken}(frame, order):
    """These rows with the index that a sort of all rows leaves; raises where that may be a range."""
    first = frame.take(order)
    if type(frame.index) is pd.RangeIndex:
        if order[0] in (0, len(frame) - 1):
            raise ValueError("sorted already, or in reverse")
        first.index = pd.Index(frame.index.start + frame.index.step * order, name=frame.index.name)
    return first


def {name}(frame, keys, k):
    """The first k rows in the order of several keys, equal ones as they stand; raises where NaN is among the first."""
    bound = np.partition(keys[0], k - 1)[k - 1]
    places = np.flatnonzero(keys[0] <= bound)
    if len(places) < k:
        raise ValueError("NaN")
    order = np.lexsort([key[places] for key in reversed(keys)])
    return {taken}(frame, places[order[:k]])
'''


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`frame.sort_values(…).head(k)` by several columns."""
    for node, _ in place.expressions(cst.Call, cst.Subscript):
        try:
            found = frames.sorted_head(place, node)
        except frames.Unclear as unclear:
            yield unclear.refusal
            continue
        if found is not None and len(found.columns) > 1:
            yield _rewrite(place, found)


def _rewrite(place: Place, found: frames.SortedHead) -> Rewrite:
    frame, k = found.frame, found.k
    columns = ", ".join(map(frames.display, found.columns))
    helper, taken = place.fresh("_first"), place.fresh("_taken")
    takes = f"keys = [{frame}[each].to_numpy() for each in {found.keys}]"
    for number, ascending in enumerate(found.ascending):
        if not ascending:
            key = f"keys[{number}]"
            takes += f'\n{key} = ~{key} if {key}.dtype == "int64" else -{key}'
    return Rewrite(
        nodes=(found.node,),
        reason=f"the first {k} rows by partition",
        fast=Fast(
            guards=(
                Guard(f"type({frame}) is pd.DataFrame", "no DataFrame"),
                Guard(f"{frame}.columns.is_unique", "a column twice"),
                Guard(f"{{{columns}}} <= set({frame}.columns)", "a column missing, or columns of several levels"),
                Guard(
                    f'all({frame}[each].dtype in ("float64", "int64") for each in {found.keys})',
                    "columns that are no numbers",
                ),
                Guard(
                    f"type({frame}.index) in (pd.RangeIndex, pd.Index)",
                    "an index with a frequency, or of several levels",
                ),
                Guard(f"{{{columns}}}.isdisjoint({frame}.index.names)", "an index called like a column"),
                Guard(f"type({k}) is int", "k no int"),
                Guard(f"0 < {k} < len({frame})", "k at or beyond the number of rows"),
                Guard(f"len({frame}) >= 1500", "slower below", speed=True),
            ),
            body=f"{takes}\nresult = {helper}({frame}, keys, {k})",
            may_raise=True,
        ),
        imports=("import numpy as np", "import pandas as pd"),
        module_level=_HELPER.format(name=helper, taken=taken),
        helper="_sorted_head",
    )


RECIPE = Recipe(
    id="sort-keys-head",
    title="The first rows of a frame sorted by several columns: sort only those",
    level="guarded",
    rules=("pandas-hot-path",),
    function="leaders",
    match=match,
    valid=(
        Example(code="def f(df):\n    return df.sort_values('a')\n"),
        Example(code="def f(df):\n    return df.sort_values(['a', 'b']).tail(3)\n"),
        Example(code="def f(df, k):\n    return df.sort_values(['a', 'b'])[1:k]\n"),
        Example(
            code="def f(df, k):\n    return df.sort_values(['a', 'b'], na_position='first').head(k)\n",
            refused="options",
        ),
        Example(
            code="def f(df, k):\n    return df[df.a > 0].sort_values(['a', 'b']).head(k)\n",
            refused="expression",
        ),
        Example(
            code="def f(df, k, up):\n    return df.sort_values(['a', 'b'], ascending=up).head(k)\n",
            refused="columns",
        ),
        Example(code="def f(df, k, by):\n    return df.sort_values(by).head(k)\n", refused="columns"),
        Example(code="def f(df, k):\n    return df.sort_values(['a']).head(k)\n"),
        Example(
            code="""\
import pandas as pd


def f(rows, k):
    df = pd.DataFrame(rows)
    return df.sort_values(['a', 'b']).head(k)
""",
            refused="made-per-call",
        ),
    ),
    invalid=(
        Example(
            code="""\
import pandas


def worst(reviews, count):
    return reviews.sort_values(by=["stars", "votes"], ascending=[True, False]).iloc[:count].to_dict("records")
""",
            becomes='''\
import pandas
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


def _sorted_head(reviews, count):
    """`reviews.sort_values(by=["stars", "votes"], ascending=[True,  …`, by a faster way where that gives the same."""
    if (
        type(reviews) is pd.DataFrame
        and reviews.columns.is_unique
        and {"stars", "votes"} <= set(reviews.columns)
        and all(reviews[each].dtype in ("float64", "int64") for each in ("stars", "votes"))
        and type(reviews.index) in (pd.RangeIndex, pd.Index)
        and {"stars", "votes"}.isdisjoint(reviews.index.names)
        and type(count) is int
        and 0 < count < len(reviews)
        and len(reviews) >= 1500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                keys = [reviews[each].to_numpy() for each in ("stars", "votes")]
                keys[1] = ~keys[1] if keys[1].dtype == "int64" else -keys[1]
                result = _first(reviews, keys, count)
        except Exception:
            pass
        else:
            return result
    return reviews.sort_values(by=["stars", "votes"], ascending=[True, False]).iloc[:count]


def worst(reviews, count):
    return _sorted_head(reviews, count).to_dict("records")
''',
        ),
        Example(
            code="""\
def ranked(matches: list, found):
    found["score"] = matches
    top = found.sort_values(["score", "price"], ascending=False).head(20)
    return top
""",
            becomes='''\
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


def _sorted_head(found):
    """`found.sort_values(["score", "price"], ascending=False).head( …`, by a faster way where that gives the same."""
    if (
        type(found) is pd.DataFrame
        and found.columns.is_unique
        and {"score", "price"} <= set(found.columns)
        and all(found[each].dtype in ("float64", "int64") for each in ("score", "price"))
        and type(found.index) in (pd.RangeIndex, pd.Index)
        and {"score", "price"}.isdisjoint(found.index.names)
        and type(20) is int
        and 0 < 20 < len(found)
        and len(found) >= 1500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                keys = [found[each].to_numpy() for each in ("score", "price")]
                keys[0] = ~keys[0] if keys[0].dtype == "int64" else -keys[0]
                keys[1] = ~keys[1] if keys[1].dtype == "int64" else -keys[1]
                result = _first(found, keys, 20)
        except Exception:
            pass
        else:
            return result
    return found.sort_values(["score", "price"], ascending=False).head(20)


def ranked(matches: list, found):
    found["score"] = matches
    top = _sorted_head(found)
    return top
''',
        ),
    ),
)
