"""Elements of a DataFrame read one by one in a loop: the columns, taken out once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_BY_LABEL = ("loc", "at")
_BY_POSITION = ("iloc", "iat")


class _Range(NamedTuple):
    """The numbers that a loop goes through: from `first` up to the frame's length less `spare`."""

    frame: str
    first: int = 0
    spare: int = 0
    labels: bool = False
    """They are the labels of the index."""


class _Read(NamedTuple):
    column: str
    at: cst.BaseExpression
    by_label: bool
    by_row: bool
    """Through a Series of the whole row, whose elements have one type."""


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`frame.loc[i, "column"]` and its kin in a loop over `range(len(frame))` or `frame.index`."""
    for statement in place.statements():
        if isinstance(statement, cst.For):
            yield from _found(place, statement, statement)
    for node, _ in place.expressions(cst.ListComp, cst.SetComp, cst.DictComp):
        assert isinstance(node, cst.BaseComp)
        yield from _found(place, node, node.for_in)


def _found(place: Place, node: cst.CSTNode, loop: cst.For | cst.CompFor) -> Iterator[Rewrite | Refusal]:
    over = _range(place, loop.iter)
    if over is None or not isinstance(loop.target, cst.Name):
        return
    parts = _parts(node, loop)
    uses = list(frames.uses_of(place, parts, over.frame))
    if not any(_is_indexed(place, each) for each in uses):
        return
    try:
        yield _rewrite(place, node, loop, over, parts, uses)
    except frames.Unclear as unclear:
        yield unclear.refusal


def _rewrite(
    place: Place,
    node: cst.CSTNode,
    loop: cst.For | cst.CompFor,
    over: _Range,
    parts: list[cst.CSTNode],
    uses: list[cst.Name],
) -> Rewrite:
    frame, counter = over.frame, place.code(loop.target)
    if not place.is_local(frame) or frames.escapes(place, frame):
        raise frames.Unclear(loop, "frame-shared", "the frame may be changed by what the loop calls")
    if isinstance(loop, cst.For) and loop.asynchronous:
        raise frames.Unclear(loop, "asynchronous", "the loop is asynchronous")
    if frames.is_bound(parts, counter):
        raise frames.Unclear(loop, "counter-written", f"`{counter}` is bound anew in the loop")
    reads: dict[cst.CSTNode, _Read] = {}
    for each in uses:
        whole, read = _read(place, each)
        _check_index(place, read.at, counter, over)
        reads[whole] = read
    columns = frames.Reads({each: read.column for each, read in reads.items()}, frozenset())
    names = frames.names_of(columns.columns, frames.names_in_function(place))
    replaced = {each: f"{names[read.column]}[{place.code(read.at)}]" for each, read in reads.items()}
    text = frames.respelled(place, node, replaced)
    takes = "".join(f"{name} = {frame}[{frames.display(key)}].to_numpy()\n" for key, name in names.items())
    return Rewrite(
        nodes=(node,),
        reason=f"the columns of {frame}, taken out once",
        fast=Fast(
            guards=tuple(_guards(frame, columns, over, reads)),
            body=takes + (text if isinstance(node, cst.For) else f"result = {text}"),
        ),
        imports=("import pandas as pd",),
        helper="_over_columns",
    )


def _guards(frame: str, columns: frames.Reads, over: _Range, reads: Mapping[cst.CSTNode, _Read]) -> Iterator[Guard]:
    yield from frames.are_frames(frame, columns)
    if over.labels or any(read.by_label for read in reads.values()):
        yield Guard(f"type({frame}.index) is pd.RangeIndex", "labels that are no positions")
        yield Guard(f"{frame}.index.start == 0", "labels that are no positions")
        yield Guard(f"{frame}.index.step == 1", "labels that are no positions")
    if any(read.by_row for read in reads.values()):
        yield Guard(f'{{*map(str, {frame}.dtypes)}} == {{"float64"}}', "a row has one type")
    else:
        keys = [frames.display(each) for each in columns.columns]
        known = '"bool", "float64", "int64", "object", "str"'
        if keys[1:]:
            types = f"{{str({frame}[each].dtype) for each in {frames.tuple_of(keys)}}} <= {{{known}}}"
        else:
            types = f"str({frame}[{keys[0]}].dtype) in ({known})"
        yield Guard(types, "elements that are something else in an array")
    yield Guard(f"len({frame}) >= 16", "slower below", speed=True)


def _range(place: Place, iterated: cst.BaseExpression) -> _Range | None:
    """`range(len(frame))`, `range(1, frame.shape[0] - 1)`, `frame.index`; None for anything else."""
    if isinstance(iterated, cst.Attribute) and isinstance(iterated.value, cst.Name) and iterated.attr.value == "index":
        return _Range(iterated.value.value, labels=True)
    if not isinstance(iterated, cst.Call) or not place.is_builtin(iterated.func, "range"):
        return None
    args = [each.value for each in iterated.args]
    first = _number(args[0]) if len(args) == 2 else 0
    if len(args) not in (1, 2) or first is None:
        return None
    end, spare = args[-1], 0
    if isinstance(end, cst.BinaryOperation) and isinstance(end.operator, cst.Subtract):
        number = _number(end.right)
        if number is None:
            return None
        end, spare = end.left, number
    frame = _length_of(place, end)
    return _Range(frame, first, spare) if frame else None


def _length_of(place: Place, node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Call) and place.is_builtin(node.func, "len") and len(node.args) == 1:
        of = node.args[0].value
        of = of.value if isinstance(of, cst.Attribute) and of.attr.value == "index" else of
        return of.value if isinstance(of, cst.Name) else ""
    if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Attribute) and node.value.attr.value == "shape":
        of = node.value.value
        return of.value if isinstance(of, cst.Name) and place.code(node.slice[0]) == "0" else ""
    return ""


def _is_indexed(place: Place, name: cst.Name) -> bool:
    """Is an element looked up by an indexer: `frame.loc[…]`, `frame["column"].iloc[…]`, `frame["column"][…]`?"""
    parent = place.module.parent(name)
    if isinstance(parent, cst.Attribute) and parent.value is name:
        return parent.attr.value in (*_BY_LABEL, *_BY_POSITION)
    if isinstance(parent, cst.Subscript) and parent.value is name and isinstance(parent.slice[0].slice, cst.Index):
        return bool(frames.text_of(parent.slice[0].slice.value))
    return False


def _read(place: Place, name: cst.Name) -> tuple[cst.CSTNode, _Read]:
    """The expression that looks an element up by way of this use of the frame. Raises Unclear."""
    module = place.module
    unclear = frames.Unclear(name, "frame-in-loop", "the loop uses the frame otherwise than to read elements by number")
    first = module.parent(name)
    if isinstance(first, cst.Attribute) and first.value is name:
        lookup = module.parent(first)
        kind = first.attr.value
        if not isinstance(lookup, cst.Subscript) or lookup.value is not first:
            raise unclear
        indices = [each.slice.value for each in lookup.slice if isinstance(each.slice, cst.Index)]
        if kind in _BY_LABEL and len(indices) == len(lookup.slice) == 2 and (column := frames.text_of(indices[1])):
            return _unwritten(place, lookup), _Read(column, indices[0], by_label=True, by_row=False)
        row = module.parent(lookup)
        if kind in ("loc", "iloc") and len(indices) == len(lookup.slice) == 1 and isinstance(row, cst.Subscript):
            key = row.slice[0].slice
            column = frames.text_of(key.value) if isinstance(key, cst.Index) and len(row.slice) == 1 else ""
            if row.value is lookup and column:
                return _unwritten(place, row), _Read(column, indices[0], by_label=kind == "loc", by_row=True)
    elif isinstance(first, cst.Subscript) and first.value is name and len(first.slice) == 1:
        key = first.slice[0].slice
        column = frames.text_of(key.value) if isinstance(key, cst.Index) else ""
        above = module.parent(first)
        kind = "at"
        if isinstance(above, cst.Attribute) and above.value is first:
            kind, first, above = above.attr.value, above, module.parent(above)
        if column and kind in (*_BY_LABEL, *_BY_POSITION) and isinstance(above, cst.Subscript) and above.value is first:
            at = above.slice[0].slice
            if len(above.slice) == 1 and isinstance(at, cst.Index):
                return _unwritten(place, above), _Read(column, at.value, by_label=kind in _BY_LABEL, by_row=False)
    raise unclear


def _unwritten(place: Place, node: cst.Subscript) -> cst.Subscript:
    if frames.is_stored(place, node):
        raise frames.Unclear(node, "frame-written", "an element of the frame is assigned to")
    return node


def _check_index(place: Place, at: cst.BaseExpression, counter: str, over: _Range) -> None:
    """Does the index stay within the frame? Raises Unclear."""
    offset: int | None = 0
    if isinstance(at, cst.BinaryOperation) and isinstance(at.operator, cst.Add | cst.Subtract):
        offset = _number(at.right)
        if offset is not None and isinstance(at.operator, cst.Subtract):
            offset = -offset
        at = at.left
    if offset is None or not isinstance(at, cst.Name) or at.value != counter:
        raise frames.Unclear(at, "index", f"`{place.code(at)}` may be no position in the frame")
    if over.first + offset < 0 or offset > over.spare:
        raise frames.Unclear(at, "index", "the first or last index lies outside the frame")


def _number(node: cst.BaseExpression) -> int | None:
    return int(node.value, 0) if isinstance(node, cst.Integer) else None


def _parts(node: cst.CSTNode, loop: cst.For | cst.CompFor) -> list[cst.CSTNode]:
    """All that runs for each element."""
    if isinstance(loop, cst.For):
        return [loop.body, *([loop.orelse] if loop.orelse is not None else [])]
    inner: Iterable[cst.CSTNode] = [loop.inner_for_in] if loop.inner_for_in is not None else []
    elements = [node.key, node.value] if isinstance(node, cst.DictComp) else [node.elt]  # type: ignore[attr-defined]
    return [*elements, *loop.ifs, *inner]


RECIPE = Recipe(
    id="loc-loop",
    title="Elements of a frame read one by one: the columns, taken out once",
    level="guarded",
    rules=("pandas-hot-path",),
    function="crossings",
    match=match,
    valid=(
        Example(code="def f(rows):\n    return [rows[i] for i in range(len(rows))]\n"),
        Example(code="def f(df, ids):\n    return [df.loc[i, 'a'] for i in ids]\n"),
        Example(
            code="def f(df, n):\n    return [df.loc[i, 'a'] for i in range(n)]\n",
        ),
        Example(
            code="def f(df):\n    return [df.loc[i - 1, 'a'] for i in range(len(df))]\n",
            refused="index",
        ),
        Example(
            code="def f(df):\n    return [df['a'].iloc[i + 1] for i in range(len(df))]\n",
            refused="index",
        ),
        Example(
            code="""\
def f(df):
    for i in range(len(df)):
        df.loc[i, "net"] = df.loc[i, "gross"] / 1.19
    return df
""",
            refused="frame-written",
        ),
        Example(
            code="""\
def f(df):
    total = 0.0
    for i in range(len(df)):
        total += df.loc[i, "gross"] * df["gross"].mean()
    return total
""",
            refused="frame-in-loop",
        ),
        Example(
            code="""\
def f(df):
    found = []
    for i in range(len(df)):
        i = found.index(i) if i in found else i
        found.append(df.at[i, "a"])
    return found
""",
            refused="counter-written",
        ),
        Example(
            code="""\
class Store:
    def f(self):
        same = self
        table = self.table
        again = table
        return [table.iloc[i]["a"] for i in range(len(table))]
""",
            refused="frame-shared",
        ),
        Example(
            code="def f(df, c):\n    return [df.loc[i, c] for i in df.index]\n",
            refused="frame-in-loop",
        ),
    ),
    invalid=(
        Example(
            code="""\
def steps(track):
    total = 0.0
    for i in range(track.shape[0] - 1):
        # from one point to the next
        total += abs(track["x"].iloc[i + 1] - track["x"].iloc[i])
    return total
""",
            becomes="""\
import pandas as pd

def steps(track):
    total = 0.0
    if (
        type(track) is pd.DataFrame
        and track.columns.is_unique
        and {"x"} <= set(track.columns)
        and str(track["x"].dtype) in ("bool", "float64", "int64", "object", "str")
        and len(track) >= 16
    ):
        x = track["x"].to_numpy()
        for i in range(track.shape[0] - 1):
            # from one point to the next
            total += abs(x[i + 1] - x[i])
    else:
        for i in range(track.shape[0] - 1):
            # from one point to the next
            total += abs(track["x"].iloc[i + 1] - track["x"].iloc[i])
    return total
""",
        ),
        Example(
            code="""\
import pandas as pd


def slopes(curve):
    return {curve.at[i, "x"]: curve.loc[i]["y"] / curve.loc[i]["x"] for i in curve.index if curve["x"][i] > 0}
""",
            becomes='''\
import pandas as pd


def _over_columns(curve):
    """`{curve.at[i, "x"]: curve.loc[i]["y"] / curve.loc[i]["x"] for …`, by a faster way where that gives the same."""
    if (
        type(curve) is pd.DataFrame
        and curve.columns.is_unique
        and {"x", "y"} <= set(curve.columns)
        and type(curve.index) is pd.RangeIndex
        and curve.index.start == 0
        and curve.index.step == 1
        and {*map(str, curve.dtypes)} == {"float64"}
        and len(curve) >= 16
    ):
        x = curve["x"].to_numpy()
        y = curve["y"].to_numpy()
        result = {x[i]: y[i] / x[i] for i in curve.index if x[i] > 0}
        return result
    return {curve.at[i, "x"]: curve.loc[i]["y"] / curve.loc[i]["x"] for i in curve.index if curve["x"][i] > 0}


def slopes(curve):
    return _over_columns(curve)
''',
        ),
    ),
)
