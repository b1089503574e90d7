"""A function applied to each row of a DataFrame: arithmetic on whole columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_AXES = ("1", "'columns'", '"columns"')


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`frame.apply(function, axis=1)`, where the function is a lambda or one defined in the same module."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "apply":
            continue
        given = {each.keyword.value if each.keyword else number: each for number, each in enumerate(node.args)}
        axis = given.get("axis") or given.get(1)
        if axis is None or place.code(axis.value) not in _AXES:
            continue
        function = given.get("func") or given.get(0)
        if function is None or len(given) != 2 or any(each.star for each in node.args):
            yield Refusal(node, "options", "raw, result_type and further arguments change what the function gets")
            continue
        try:
            yield _rewrite(place, node, node.func.value, function.value)
        except frames.Unclear as unclear:
            yield unclear.refusal


def _rewrite(place: Place, call: cst.Call, receiver: cst.BaseExpression, given: cst.BaseExpression) -> Rewrite:
    if not isinstance(receiver, cst.Name):
        raise frames.Unclear(call, "expression", "the frame must have a name: it is looked at more than once")
    frame = receiver.value
    function = frames.definition(place, given)
    reads = frames.reads_of(place, (function.body,), function.params.params[0].name.value)
    if not reads.columns:
        raise frames.Unclear(call, "no-columns", "the function reads no element of the row")
    fresh = frames.names_in_helper(place, call, function)
    names = frames.names_of(reads.columns, fresh)
    columns = {node: names[key] for node, key in reads.keys.items()}
    found = frames.columnwise(place, function, columns, f"len({frame})", fresh)
    keys = frames.tuple_of([frames.display(each) for each in reads.columns])
    takes = "\n".join(f'{name} = {frame}[{frames.display(key)}].to_numpy("float64")' for key, name in names.items())
    return Rewrite(
        nodes=(call,),
        reason="arithmetic on whole columns",
        fast=Fast(
            guards=(
                *frames.are_frames(frame, reads),
                Guard(f"len({frame}) > 0", "no rows: apply gives a frame"),
                Guard(f"not {frame}.attrs", "attrs, which apply hands on"),
                Guard(f'{frame}.iloc[0].dtype in ("float64", "object")', "rows of another type"),
                Guard(
                    f'{frame}.iloc[0].dtype == "float64" or all({frame}[each].dtype == "float64" for each in {keys})',
                    "columns of another type",
                ),
                *(Guard(f"type({each}) is float", "a number of another type") for each in found.invariants),
            ),
            body=f"{takes}\n{found.body}\nresult = pd.Series({found.values}, index={frame}.index)\n",
            may_raise=True,
        ),
        imports=("import numpy as np", "import pandas as pd"),
        helper="_by_columns",
    )


RECIPE = Recipe(
    id="apply-rows",
    title="DataFrame.apply over rows: arithmetic on whole columns",
    level="guarded",
    rules=("pandas-hot-path",),
    function="nets",
    match=match,
    valid=(
        Example(code="def f(df):\n    return df.apply(lambda column: column.sum())\n"),
        Example(
            code="def f(df):\n    return df.apply(lambda row: row['a'] ** 2, axis=1)\n",
            refused="expression",
        ),
        Example(
            code="def f(df, model):\n    return df.apply(lambda row: model.predict(row), axis=1)\n",
            refused="row-whole",
        ),
        Example(
            code="def f(df, key):\n    return df.apply(lambda row: row[key] * 2.0, axis='columns')\n",
            refused="key-not-constant",
        ),
        Example(
            code="def f(df):\n    return df.apply(lambda row: row['a'] if row['a'] > 0 else 0, axis=1)\n",
            refused="mixed-types",
        ),
        Example(
            code="def f(df):\n    return df.apply(lambda row: row['a'] * 2.0, axis=1, raw=True)\n",
            refused="options",
        ),
        Example(
            code="def f(df, score):\n    return df.apply(score, axis=1)\n",
            refused="unknown-function",
        ),
        Example(
            code="def f(df):\n    return df[df.a > 0].apply(lambda row: row['a'] * 2.0, axis=1)\n",
            refused="expression",
        ),
        Example(
            code="""\
rate = 1.5


def scaled(row):
    return row["a"] * rate


def f(df, rate):
    return df.apply(scaled, axis=1)
""",
            refused="shadowed",
        ),
        Example(
            code="""\
import math


def f(df):
    def grow(row):
        return math.exp(row["rate"])

    return df.apply(grow, axis=1)
""",
            refused="call",
        ),
    ),
    invalid=(
        Example(
            code="""\
import pandas


def with_margin(sales):
    # cost is without freight
    sales["margin"] = sales.apply(lambda sale: (sale["price"] - sale["cost"]) / sale.price, axis=1)
    return sales
""",
            becomes='''\
import pandas
import numpy as np
import pandas as pd


def _by_columns(sales):
    """`sales.apply(lambda sale: (sale["price"] - sale["cost"]) / sa …`, by a faster way where that gives the same."""
    if (
        type(sales) is pd.DataFrame
        and sales.columns.is_unique
        and {"price", "cost"} <= set(sales.columns)
        and not hasattr(pd.Series, "price")
        and len(sales) > 0
        and not sales.attrs
        and sales.iloc[0].dtype in ("float64", "object")
        and (sales.iloc[0].dtype == "float64" or all(sales[each].dtype == "float64" for each in ("price", "cost")))
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                price = sales["price"].to_numpy("float64")
                cost = sales["cost"].to_numpy("float64")
                values = (price - cost) / price
                result = pd.Series(values, index=sales.index)
        except Exception:
            pass
        else:
            return result
    return sales.apply(lambda sale: (sale["price"] - sale["cost"]) / sale.price, axis=1)


def with_margin(sales):
    # cost is without freight
    sales["margin"] = _by_columns(sales)
    return sales
''',
        ),
        Example(
            code="""\
import pandas as pd

LIMIT = 10


def label(row):
    price = row["net price"]
    if LIMIT <= price < 100.0 and not row["new"] == 1:
        return "fair"
    else:
        return "dear"


def labelled(items):
    return items.assign(label=items.apply(func=label, axis="columns"))
""",
            becomes='''\
import pandas as pd
import numpy as np

LIMIT = 10


def label(row):
    price = row["net price"]
    if LIMIT <= price < 100.0 and not row["new"] == 1:
        return "fair"
    else:
        return "dear"


def _by_columns(items):
    """`items.apply(func=label, axis="columns")`, by a faster way where that gives the same."""
    if (
        type(items) is pd.DataFrame
        and items.columns.is_unique
        and {"net price", "new"} <= set(items.columns)
        and len(items) > 0
        and not items.attrs
        and items.iloc[0].dtype in ("float64", "object")
        and (items.iloc[0].dtype == "float64" or all(items[each].dtype == "float64" for each in ("net price", "new")))
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                net_price = items["net price"].to_numpy("float64")
                new = items["new"].to_numpy("float64")
                price = net_price
                values = np.where(((LIMIT <= price) & (price < 100.0)) & (~(new == 1)), "fair", "dear").tolist()
                result = pd.Series(values, index=items.index)
        except Exception:
            pass
        else:
            return result
    return items.apply(func=label, axis="columns")


def labelled(items):
    return items.assign(label=_by_columns(items))
''',
        ),
        Example(
            code="""\
class Pricing:
    def price(self, offers):
        def price(offer):
            base = offer["base"] if offer["base"] > self.least else self.least
            return max(base * offer.get("factor", 1.0), 0.5)

        return offers.apply(price, axis=1).tolist()
""",
            becomes='''\
import numpy as np
import pandas as pd

def _by_columns(offers, self, price):
    """`offers.apply(price, axis=1)`, by a faster way where that gives the same."""
    if (
        type(offers) is pd.DataFrame
        and offers.columns.is_unique
        and {"base", "factor"} <= set(offers.columns)
        and len(offers) > 0
        and not offers.attrs
        and offers.iloc[0].dtype in ("float64", "object")
        and (offers.iloc[0].dtype == "float64" or all(offers[each].dtype == "float64" for each in ("base", "factor")))
        and type(self.least) is float
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                base = offers["base"].to_numpy("float64")
                factor = offers["factor"].to_numpy("float64")
                base_2 = np.where(base > self.least, base, self.least)
                values = np.where(0.5 > base_2 * factor, 0.5, base_2 * factor)
                result = pd.Series(values, index=offers.index)
        except Exception:
            pass
        else:
            return result
    return offers.apply(price, axis=1)


class Pricing:
    def price(self, offers):
        def price(offer):
            base = offer["base"] if offer["base"] > self.least else self.least
            return max(base * offer.get("factor", 1.0), 0.5)

        return _by_columns(offers, self, price).tolist()
''',
        ),
    ),
)
