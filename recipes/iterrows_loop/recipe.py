"""A loop over iterrows: the columns that it reads, taken out once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_CONSUMERS = frozenset(f"builtins.{name}" for name in "all any dict list max min set sorted sum tuple".split())

_HELPER = '''
def {name}(frame, names):
    """Columns of a frame, their elements of the types that iterrows gives them."""
    if frame.iloc[0].dtype == "object":
        return [frame[name].astype(object).tolist() for name in names]
    rows = frame.to_numpy(copy=True)
    return [rows[:, frame.columns.get_loc(name)] for name in names]
'''


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`for index, row in frame.iterrows()`, as a statement or in a comprehension, that reads elements of the row."""
    for statement in place.statements():
        if isinstance(statement, cst.For) and (frame := _frame(statement.iter)) is not None:
            yield from _found(place, statement, statement, frame)
    for node, _ in place.expressions(cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp):
        assert isinstance(node, cst.BaseComp)
        if (frame := _frame(node.for_in.iter)) is None:
            continue
        if isinstance(node, cst.GeneratorExp):
            call = _consumer(place, node)
            if call is None:
                yield Refusal(node, "generator", "who consumes the generator, and when, is not seen here")
            else:
                yield from _found(place, call, node.for_in, frame)
        else:
            yield from _found(place, node, node.for_in, frame)


def _found(
    place: Place, node: cst.CSTNode, loop: cst.For | cst.CompFor, frame: cst.BaseExpression
) -> Iterator[Rewrite | Refusal]:
    try:
        yield _rewrite(place, node, loop, frame)
    except frames.Unclear as unclear:
        yield unclear.refusal


def _rewrite(place: Place, node: cst.CSTNode, loop: cst.For | cst.CompFor, given: cst.BaseExpression) -> Rewrite:
    pair = loop.target.elements if isinstance(loop.target, cst.Tuple) else ()
    if len(pair) != 2 or not all(isinstance(each.value, cst.Name) and isinstance(each, cst.Element) for each in pair):
        raise frames.Unclear(loop, "row-whole", "index and row are not bound to two names")
    index, row = (place.code(each.value) for each in pair)
    frame = place.code(given)
    if not isinstance(given, cst.Name) or not place.is_local(frame) or frames.escapes(place, frame):
        raise frames.Unclear(loop, "frame-shared", "the frame may be changed by what the loop calls")
    parts = _parts(node, loop)
    if any(frame in place.reads(each) | place.writes(each) for each in parts):
        raise frames.Unclear(loop, "frame-in-loop", "the loop uses the frame itself")
    if any(row in place.writes(each) for each in parts):
        raise frames.Unclear(loop, "row-written", "the row's name is bound anew")
    if isinstance(loop, cst.For) and (place.read_after(node, row) or loop.asynchronous):
        raise frames.Unclear(loop, "row-read-after", "the last row is used after the loop")
    reads = frames.reads_of(place, parts, row)
    if not reads.columns:
        raise frames.Unclear(loop, "no-columns", "the loop reads no element of the rows")
    fresh = frames.names_in_function(place)
    names = frames.names_of(reads.columns, fresh)
    helper = place.fresh("_columns")
    keys = frames.tuple_of([frames.display(each) for each in reads.columns])
    replaced = {
        **{each: names[key] for each, key in reads.keys.items()},
        loop.target: ", ".join((index, *names.values())),
        loop.iter: f"zip({frame}.index, *{helper}({frame}, {keys}))",
    }
    text = frames.respelled(place, node, replaced)
    return Rewrite(
        nodes=(node,),
        reason=f"the columns of {frame}, taken out once",
        fast=Fast(
            guards=(
                *frames.are_frames(frame, reads),
                Guard(f"len({frame}) >= 16", "slower below", speed=True),
                Guard(f'{frame}.iloc[0].dtype in ("float64", "int64", "object")', "rows of another type"),
                Guard(
                    f'({frame}.iloc[0].dtype != "object" or "int64" in map(str, {frame}.dtypes))',
                    "rows whose type pandas infers",
                ),
            ),
            body=text if isinstance(node, cst.For) else f"result = {text}",
        ),
        imports=("import pandas as pd",),
        module_level=_HELPER.format(name=helper),
        helper="_over_columns",
    )


def _frame(iterated: cst.BaseExpression) -> cst.BaseExpression | None:
    """What `iterrows` is called on."""
    if isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Attribute) and not iterated.args:
        return iterated.func.value if iterated.func.attr.value == "iterrows" else None
    return None


def _consumer(place: Place, node: cst.GeneratorExp) -> cst.Call | None:
    """The call that consumes the whole generator: `sum(... for _, row in frame.iterrows())`."""
    arg = place.module.parent(node)
    call = place.module.parent(arg) if isinstance(arg, cst.Arg) else None
    known = isinstance(call, cst.Call) and len(call.args) == 1 and place.qualified(call.func) in _CONSUMERS
    return call if known and isinstance(call, cst.Call) else None


def _parts(node: cst.CSTNode, loop: cst.For | cst.CompFor) -> list[cst.CSTNode]:
    """All that runs for each row."""
    if isinstance(loop, cst.For):
        return [loop.body, *([loop.orelse] if loop.orelse is not None else [])]
    comp = node.args[0].value if isinstance(node, cst.Call) else node
    elements = [comp.key, comp.value] if isinstance(comp, cst.DictComp) else [comp.elt]  # type: ignore[attr-defined]
    return [*elements, *loop.ifs, *([loop.inner_for_in] if loop.inner_for_in is not None else [])]


RECIPE = Recipe(
    id="iterrows-loop",
    title="A loop over iterrows: the columns it reads, taken out once",
    level="guarded",
    rules=("pandas-hot-path",),
    function="invoice",
    match=match,
    valid=(
        Example(code="def f(df):\n    return [row for row in df.itertuples()]\n"),
        Example(
            code="def f(df):\n    return [dict(row) for _, row in df.iterrows()]\n",
            refused="row-whole",
        ),
        Example(
            code="""\
def f(df, key):
    total = 0.0
    for _, row in df.iterrows():
        total += row[key]
    return total
""",
            refused="key-not-constant",
        ),
        Example(
            code="""\
def f(df):
    for i, row in df.iterrows():
        df.loc[i, "net"] = row["gross"] / 1.19
    return df
""",
            refused="frame-in-loop",
        ),
        Example(
            code="""\
def f(df):
    for _, row in df.iterrows():
        row["net"] = row["gross"] / 1.19
        send(row["net"])
""",
            refused="row-written",
        ),
        Example(
            code="""\
def f(df):
    for _, row in df.iterrows():
        send(row["net"])
    return row
""",
            refused="row-read-after",
        ),
        Example(
            code="""\
class Store:
    def f(self):
        for _, row in self.items.iterrows():
            self.add(row["id"])
""",
            refused="frame-shared",
        ),
        Example(
            code="""\
def f(df):
    same = df
    for i, row in df.iterrows():
        same.loc[i, "net"] = row["gross"] / 1.19
    return df
""",
            refused="frame-shared",
        ),
        Example(
            code="def f(df):\n    return (row['a'] for _, row in df.iterrows())\n",
            refused="generator",
        ),
        Example(
            code="def f(df):\n    return [row.sum() + row['a'] for _, row in df.iterrows()]\n",
            refused="row-whole",
        ),
    ),
    invalid=(
        Example(
            code="""\
import pandas as pd


def alerts(readings, limits):
    found = {}
    for _, row in readings.iterrows():  # the newest last
        if row["value"] > limits[row["sensor id"]]:
            found[row["sensor id"]] = row.value
            continue
        # all is well
        found.pop(row["sensor id"], None)
    else:
        found["done"] = True
    return found
""",
            becomes='''\
import pandas as pd


def _columns(frame, names):
    """Columns of a frame, their elements of the types that iterrows gives them."""
    if frame.iloc[0].dtype == "object":
        return [frame[name].astype(object).tolist() for name in names]
    rows = frame.to_numpy(copy=True)
    return [rows[:, frame.columns.get_loc(name)] for name in names]


def alerts(readings, limits):
    found = {}
    if (
        type(readings) is pd.DataFrame
        and readings.columns.is_unique
        and {"value", "sensor id"} <= set(readings.columns)
        and not hasattr(pd.Series, "value")
        and len(readings) >= 16
        and readings.iloc[0].dtype in ("float64", "int64", "object")
        and ((readings.iloc[0].dtype != "object" or "int64" in map(str, readings.dtypes)))
    ):
        for _, value, sensor_id in zip(readings.index, *_columns(readings, ("value", "sensor id"))):  # the newest last
            if value > limits[sensor_id]:
                found[sensor_id] = value
                continue
            # all is well
            found.pop(sensor_id, None)
        else:
            found["done"] = True
    else:
        for _, row in readings.iterrows():  # the newest last
            if row["value"] > limits[row["sensor id"]]:
                found[row["sensor id"]] = row.value
                continue
            # all is well
            found.pop(row["sensor id"], None)
        else:
            found["done"] = True
    return found
''',
        ),
        Example(
            code="""\
def total(basket):
    return sum(item["price"] * item.get("count", 1) for _, item in basket.iterrows())
""",
            becomes='''\
import pandas as pd

def _columns(frame, names):
    """Columns of a frame, their elements of the types that iterrows gives them."""
    if frame.iloc[0].dtype == "object":
        return [frame[name].astype(object).tolist() for name in names]
    rows = frame.to_numpy(copy=True)
    return [rows[:, frame.columns.get_loc(name)] for name in names]


def _over_columns(basket):
    """`sum(item["price"] * item.get("count", 1) for _, item in bask …`, by a faster way where that gives the same."""
    if (
        type(basket) is pd.DataFrame
        and basket.columns.is_unique
        and {"price", "count"} <= set(basket.columns)
        and len(basket) >= 16
        and basket.iloc[0].dtype in ("float64", "int64", "object")
        and ((basket.iloc[0].dtype != "object" or "int64" in map(str, basket.dtypes)))
    ):
        result = sum(price * count for _, price, count in zip(basket.index, *_columns(basket, ("price", "count"))))
        return result
    return sum(item["price"] * item.get("count", 1) for _, item in basket.iterrows())


def total(basket):
    return _over_columns(basket)
''',
        ),
    ),
)
