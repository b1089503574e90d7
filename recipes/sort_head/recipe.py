"""The first rows of a frame sorted by a column: a partition of the column."""

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


def {name}(frame, key, k):
    """The first k rows in the order of a key; raises where equal keys or NaN leave the order open."""
    order = np.argpartition(key, k)[: k + 1]
    order = order[np.argsort(key[order])]
    found = key[order]
    if not (found[:-1] < found[1:]).all():
        raise ValueError("equal keys, or NaN")
    return {taken}(frame, order[:k])
'''


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`frame.sort_values(…).head(k)` by one column."""
    for node, _ in place.expressions(cst.Call, cst.Subscript):
        try:
            found = frames.sorted_head(place, node)
        except frames.Unclear as unclear:
            yield unclear.refusal
            continue
        if found is not None and len(found.columns) == 1:
            yield _rewrite(place, found)


def _rewrite(place: Place, found: frames.SortedHead) -> Rewrite:
    frame, k = found.frame, found.k
    columns = ", ".join(map(frames.display, found.columns))
    helper, taken = place.fresh("_first"), place.fresh("_taken")
    column = f"{frame}[{frames.display(found.columns[0])}]"
    takes = f"key = {column}.to_numpy()"
    if not found.ascending[0]:
        takes += f'\nkey = ~key if {column}.dtype == "int64" else -key'
    return Rewrite(
        nodes=(found.node,),
        reason=f"the first {k} rows by partition",
        fast=Fast(
            guards=(
                Guard(f"type({frame}) is pd.DataFrame", "no DataFrame"),
                Guard(f"{frame}.columns.is_unique", "a column twice"),
                Guard(f"{{{columns}}} <= set({frame}.columns)", "a column missing, or columns of several levels"),
                Guard(f'{column}.dtype in ("float64", "int64")', "a column that is no number"),
                Guard(
                    f"type({frame}.index) in (pd.RangeIndex, pd.Index)",
                    "an index with a frequency, or of several levels",
                ),
                Guard(f"{{{columns}}}.isdisjoint({frame}.index.names)", "an index called like a column"),
                Guard(f"type({k}) is int", "k no int"),
                Guard(f"0 < {k} < len({frame})", "k at or beyond the number of rows"),
                Guard(f"len({frame}) >= 1500", "slower below", speed=True),
            ),
            body=f"{takes}\nresult = {helper}({frame}, key, {k})",
            may_raise=True,
        ),
        imports=("import numpy as np", "import pandas as pd"),
        module_level=_HELPER.format(name=helper, taken=taken),
        helper="_sorted_head",
    )


RECIPE = Recipe(
    id="sort-head",
    title="The first rows of a sorted frame: a partition instead of a sort",
    level="guarded",
    rules=("pandas-hot-path",),
    function="leaders",
    match=match,
    valid=(
        Example(code="def f(df):\n    return df.sort_values('a')\n"),
        Example(code="def f(df):\n    return df.sort_values('a').tail(3)\n"),
        Example(code="def f(df, k):\n    return df.sort_values('a')[1:k]\n"),
        Example(
            code="def f(df, k):\n    return df.sort_values('a', na_position='first').head(k)\n",
            refused="options",
        ),
        Example(
            code="def f(df, k):\n    return df[df.a > 0].sort_values('a').head(k)\n",
            refused="expression",
        ),
        Example(
            code="def f(df, k, up):\n    return df.sort_values('a', ascending=up).head(k)\n",
            refused="columns",
        ),
        Example(code="def f(df, k, by):\n    return df.sort_values(by).head(k)\n", refused="columns"),
        Example(code="def f(df, k):\n    return df.sort_values(['a', 'b']).head(k)\n"),
        Example(
            code="""\
import pandas as pd


def f(rows, k):
    df = pd.DataFrame(rows)
    return df.sort_values('a').head(k)
""",
            refused="made-per-call",
        ),
    ),
    invalid=(
        Example(
            code="""\
def cheapest(offers):
    best = offers.sort_values(by=["price"])[:10]  # without shipping
    return best["id"].tolist()
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


def _first(frame, key, k):
    """The first k rows in the order of a key; raises where equal keys or NaN leave the order open."""
    order = np.argpartition(key, k)[: k + 1]
    order = order[np.argsort(key[order])]
    found = key[order]
    if not (found[:-1] < found[1:]).all():
        raise ValueError("equal keys, or NaN")
    return _taken(frame, order[:k])


def _sorted_head(offers):
    """`offers.sort_values(by=["price"])[:10]`, by a faster way where that gives the same."""
    if (
        type(offers) is pd.DataFrame
        and offers.columns.is_unique
        and {"price"} <= set(offers.columns)
        and offers["price"].dtype in ("float64", "int64")
        and type(offers.index) in (pd.RangeIndex, pd.Index)
        and {"price"}.isdisjoint(offers.index.names)
        and type(10) is int
        and 0 < 10 < len(offers)
        and len(offers) >= 1500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                key = offers["price"].to_numpy()
                result = _first(offers, key, 10)
        except Exception:
            pass
        else:
            return result
    return offers.sort_values(by=["price"])[:10]


def cheapest(offers):
    best = _sorted_head(offers)  # without shipping
    return best["id"].tolist()
''',
        ),
        Example(
            code="""\
import pandas as pd


def newest(posts):
    return posts.sort_values("time", ascending=False).head()
""",
            becomes='''\
import pandas as pd
import numpy as np


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


def _sorted_head(posts):
    """`posts.sort_values("time", ascending=False).head()`, by a faster way where that gives the same."""
    if (
        type(posts) is pd.DataFrame
        and posts.columns.is_unique
        and {"time"} <= set(posts.columns)
        and posts["time"].dtype in ("float64", "int64")
        and type(posts.index) in (pd.RangeIndex, pd.Index)
        and {"time"}.isdisjoint(posts.index.names)
        and type(5) is int
        and 0 < 5 < len(posts)
        and len(posts) >= 1500
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                key = posts["time"].to_numpy()
                key = ~key if posts["time"].dtype == "int64" else -key
                result = _first(posts, key, 5)
        except Exception:
            pass
        else:
            return result
    return posts.sort_values("time", ascending=False).head()


def newest(posts):
    return _sorted_head(posts)
''',
        ),
    ),
)
