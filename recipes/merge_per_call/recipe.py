"""A merge with a table that never changes: an index of the table, made once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_HELPER = '''
{index} = pd.Index({table}[{key}])
{columns} = {{name: {table}[name].array for name in {table}.columns if name != {key}}}


def {merged}(frame):
    """`{call}`, by an index that is made once."""
    if (
        type(frame) is pd.DataFrame
        and frame.columns.is_unique
        and {{{key}}} <= set(frame.columns)
        and {columns}.keys().isdisjoint(frame.columns)
        and frame.columns.name is None
        and frame.columns.dtype == {table}.columns.dtype
        and {{{key}}}.isdisjoint(frame.index.names)
        and frame[{key}].dtype == {index}.dtype
        and {index}.is_unique
        and not frame.attrs
        and len(frame) > 0
    ):
        places = {index}.get_indexer(frame[{key}])
        if (places >= 0).all():
            found = frame.set_axis(pd.RangeIndex(len(frame)), axis=0)
            for name, column in {columns}.items():
                found[name] = column.take(places)
            return found
    return {original}
'''


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`frame.merge(TABLE, on="key", how="left")` and `pd.merge(frame, TABLE, …)`, the table a name of the module."""
    if place.function is None or place.top is None:
        return
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        found = _merge(place, node)
        if found is None:
            continue
        frame, table, options = found
        on, how = options.get("on"), options.get("how")
        way = frames.text_of(how) if how is not None else "inner"
        key = frames.text_of(on) if on is not None else ""
        if not options.keys() <= {"on", "how"} or not key or way not in ("left", "inner"):
            yield Refusal(node, "options", 'only `on="column"` with how="left" or "inner" is one lookup in an index')
        elif not isinstance(frame, cst.Name):
            yield Refusal(node, "expression", "the frame must have a name")
        elif problem := _changes(place, table.value):
            yield Refusal(node, "table-changes", problem)
        else:
            yield _rewrite(place, node, frame.value, table.value, key)


def _rewrite(place: Place, node: cst.Call, frame: str, table: str, key: str) -> Rewrite:
    stem = table.strip("_").lower()
    merged = place.fresh(f"_with_{stem}")
    original = frames.respelled(place, node, dict.fromkeys(frames.uses_of(place, (node,), frame), "frame"))
    helper = _HELPER.format(
        index=place.fresh(f"_{stem}_index"),
        columns=place.fresh(f"_{stem}_columns"),
        merged=merged,
        table=table,
        key=frames.display(key),
        call=original,
        original=original,
    )
    return Rewrite(
        nodes=(node,),
        reason=f"an index of {table}, made once",
        replacement=f"{merged}({frame})",
        imports=("import pandas as pd",),
        module_level=helper,
        decisions=_DECISIONS,
    )


def _merge(place: Place, node: cst.Call) -> tuple[cst.BaseExpression, cst.Name, dict[str, cst.BaseExpression]] | None:
    """The frame, the table of the module, and the options; None for what is no merge with one."""
    positional = [each.value for each in node.args if each.keyword is None and not each.star]
    options = {each.keyword.value: each.value for each in node.args if each.keyword is not None}
    if len(positional) + len(options) != len(node.args):
        return None
    if place.qualified(node.func) == "pandas.merge":
        sides = positional
    elif isinstance(node.func, cst.Attribute) and node.func.attr.value == "merge":
        sides = [node.func.value, *positional]
    else:
        return None
    if len(sides) != 2 or not isinstance(sides[1], cst.Name):
        return None
    table = sides[1]
    known = place.module.bound_globally(table.value) and not place.is_local(table.value)
    return (sides[0], table, options) if known else None


def _changes(place: Place, table: str) -> str:
    """Why the table may not be the same in each call; "" where nothing in the module says so."""
    module = place.module
    assert place.top is not None
    bindings = list(module.global_scope[table])
    if len(bindings) != 1:
        return f"`{table}` is bound more than once"
    made = [
        each for each in module.tree.body
        if isinstance(each, cst.SimpleStatementLine) and isinstance(each.body[0], cst.Assign | cst.AnnAssign)
        and any(module.parent(use) in (*getattr(each.body[0], "targets", ()), each.body[0])
                for use in frames.uses_of(place, (each,), table))
    ]  # fmt: skip
    if len(made) != 1 or module.span(made[0]).end.line >= module.span(place.top).start.line:
        return f"`{table}` is not made above this function"
    for use in frames.uses_of(place, (module.tree,), table):
        parent = module.parent(use)
        written = parent if isinstance(parent, cst.Subscript) else module.parent(parent) if parent is not None else None
        if isinstance(written, cst.Subscript) and frames.is_stored(place, written):
            return f"`{table}` is changed at line {place.line_of(use)}"
    return ""


_DECISIONS = (
    Decision(
        "table",
        "Does anything change the table after it was made: another module, a thread that loads it again?",
        "no: whoever changes it also makes the index and the columns anew",
    ),
    Decision(
        "import",
        "May the index be made where the module is imported?",
        "yes: the table is made there too",
    ),
)


_TABLE = """\
import pandas as pd

RATES = pd.read_csv("rates.csv")


"""

RECIPE = Recipe(
    id="merge-per-call",
    title="A merge with a table that never changes: an index made once",
    level="assisted",
    rules=("pandas-hot-path",),
    function="priced",
    match=match,
    valid=(
        Example(code="def f(a, b):\n    return a.merge(b, on='id', how='left')\n"),
        Example(
            code=_TABLE + "def f(frame):\n    return frame.merge(RATES, left_on='id', right_on='key')\n",
            refused="options",
        ),
        Example(
            code=_TABLE + "def f(frame):\n    return frame.merge(RATES, on='id', how='outer')\n",
            refused="options",
        ),
        Example(
            code=_TABLE + "def f(frame):\n    return frame.merge(RATES, on=['id', 'day'], how='left')\n",
            refused="options",
        ),
        Example(
            code=_TABLE + "def f(frame):\n    return frame.dropna().merge(RATES, on='id')\n",
            refused="expression",
        ),
        Example(
            code=_TABLE
            + """\
def load(path):
    global RATES
    RATES = pd.read_csv(path)


def f(frame):
    return frame.merge(RATES, on='id')
""",
            refused="table-changes",
        ),
        Example(
            code=_TABLE
            + """\
def reset(rate):
    RATES["rate"] = rate


def f(frame):
    return frame.merge(RATES, on='id')
""",
            refused="table-changes",
        ),
        Example(code=_TABLE + "def f(frame, RATES):\n    return frame.merge(RATES, on='id')\n"),
        Example(
            code="""\
import pandas as pd


def f(frame):
    return frame.merge(RATES, on="id")


RATES = pd.read_csv("rates.csv")
""",
            refused="table-changes",
        ),
    ),
    invalid=(
        Example(
            code=_TABLE
            + """\
def in_euro(payments):
    # rates of today
    rated = payments.merge(RATES, on="currency", how="left")
    return rated["amount"] * rated["rate"]
""",
            becomes='''\
import pandas as pd

RATES = pd.read_csv("rates.csv")


_rates_index = pd.Index(RATES["currency"])
_rates_columns = {name: RATES[name].array for name in RATES.columns if name != "currency"}


def _with_rates(frame):
    """`frame.merge(RATES, on="currency", how="left")`, by an index that is made once."""
    if (
        type(frame) is pd.DataFrame
        and frame.columns.is_unique
        and {"currency"} <= set(frame.columns)
        and _rates_columns.keys().isdisjoint(frame.columns)
        and frame.columns.name is None
        and frame.columns.dtype == RATES.columns.dtype
        and {"currency"}.isdisjoint(frame.index.names)
        and frame["currency"].dtype == _rates_index.dtype
        and _rates_index.is_unique
        and not frame.attrs
        and len(frame) > 0
    ):
        places = _rates_index.get_indexer(frame["currency"])
        if (places >= 0).all():
            found = frame.set_axis(pd.RangeIndex(len(frame)), axis=0)
            for name, column in _rates_columns.items():
                found[name] = column.take(places)
            return found
    return frame.merge(RATES, on="currency", how="left")


def in_euro(payments):
    # rates of today
    rated = _with_rates(payments)
    return rated["amount"] * rated["rate"]
''',
        ),
        Example(
            code="""\
import pandas

ITEMS = pandas.read_parquet("items")


class Feed:
    def described(self, ranked):
        return pandas.merge(ranked, ITEMS, on="item").to_dict("records")
""",
            becomes='''\
import pandas
import pandas as pd

ITEMS = pandas.read_parquet("items")


_items_index = pd.Index(ITEMS["item"])
_items_columns = {name: ITEMS[name].array for name in ITEMS.columns if name != "item"}


def _with_items(frame):
    """`pandas.merge(frame, ITEMS, on="item")`, by an index that is made once."""
    if (
        type(frame) is pd.DataFrame
        and frame.columns.is_unique
        and {"item"} <= set(frame.columns)
        and _items_columns.keys().isdisjoint(frame.columns)
        and frame.columns.name is None
        and frame.columns.dtype == ITEMS.columns.dtype
        and {"item"}.isdisjoint(frame.index.names)
        and frame["item"].dtype == _items_index.dtype
        and _items_index.is_unique
        and not frame.attrs
        and len(frame) > 0
    ):
        places = _items_index.get_indexer(frame["item"])
        if (places >= 0).all():
            found = frame.set_axis(pd.RangeIndex(len(frame)), axis=0)
            for name, column in _items_columns.items():
                found[name] = column.take(places)
            return found
    return pandas.merge(frame, ITEMS, on="item")


class Feed:
    def described(self, ranked):
        return _with_items(ranked).to_dict("records")
''',
        ),
    ),
)
