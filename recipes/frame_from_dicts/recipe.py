"""A DataFrame made of dicts only to get an array: the array, made of the dicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from perftools.rewrite import frames
from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_HELPER = '''
def {name}(rows, names=None):
    """Dicts of numbers as the array that a DataFrame of them gives; raises where that would be another one."""
    if {{*map(type, rows)}} != {{dict}}:
        raise TypeError("rows that are no dicts")
    if names is None:
        names = list(rows[0])
        if {{*map(len, rows)}} != {{len(names)}}:
            raise ValueError("rows with other keys")
    if len(names) < 2 or len({{*names}}) < len(names):
        raise ValueError("one column, or a column twice")
    cells = list(map(operator.itemgetter(*names), rows))
    kinds = [{{*map(type, column)}} for column in zip(*cells)]
    if not {{float}} <= set().union(*kinds) <= {{float, int}}:
        raise TypeError("no floats and ints")
    values = np.array(cells, dtype=float, order="F")
    if (np.abs(values) >= 2.0**63).any():
        raise OverflowError("ints that are objects to pandas")
    if {{int}} in kinds:
        return values  # pandas copies columns of ints and of floats into a new array
    return pd.DataFrame(values, copy=False).to_numpy()
'''


class _Chain(NamedTuple):
    """What is called on the frame before the array is taken."""

    frame: cst.Call
    columns: cst.BaseExpression | None
    fills: bool


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`pd.DataFrame(rows)[columns].to_numpy()` and its like, where the frame is used for nothing else."""
    for node, _ in place.expressions(cst.Call, cst.Attribute):
        taken = _taken(node)
        chain = _chain(place, taken) if taken is not None else None
        if chain is None:
            continue
        rows, columns = chain.frame.args[0].value, chain.columns
        given = {each.keyword.value: each.value for each in chain.frame.args[1:] if each.keyword is not None}
        if len(given) != len(chain.frame.args) - 1 or not given.keys() <= {"columns"} or chain.frame.args[0].keyword:
            yield Refusal(node, "options", "index, dtype and copy make another frame")
        elif given and columns is not None:
            yield Refusal(node, "columns-twice", "columns are chosen twice")
        elif (
            not _is_named(rows) or not (columns is None or _is_list(columns)) or not all(map(_is_list, given.values()))
        ):
            yield Refusal(node, "expression", "rows and columns must be names: they are looked at more than once")
        else:
            yield _rewrite(place, node, rows, given.get("columns", columns), fills=chain.fills)


def _rewrite(
    place: Place, node: cst.CSTNode, rows: cst.BaseExpression, columns: cst.BaseExpression | None, *, fills: bool
) -> Rewrite:
    helper = place.fresh("_matrix")
    listed, names = place.code(rows), place.code(columns) if columns is not None else ""
    guards = [Guard(f"type({listed}) is list", "an iterator, an array, a dict of columns")]
    if columns is not None and not isinstance(columns, cst.List):
        guards.append(Guard(f"type({names}) is list", "a tuple is one column, an array a mask"))
    guards.append(Guard(f"len({listed}) <= 1000", "slower above", speed=True))
    return Rewrite(
        nodes=(node,),
        reason="the array, made of the dicts",
        fast=Fast(
            guards=tuple(guards),
            body=f"result = {helper}({', '.join(each for each in (listed, names) if each)})",
            after=(Guard("not np.isnan(result).any()", "missing values, which are filled"),) if fills else (),
            may_raise=True,
        ),
        imports=("import operator", "import numpy as np", "import pandas as pd"),
        module_level=_HELPER.format(name=helper),
        helper="_values",
    )


def _taken(node: cst.CSTNode) -> cst.BaseExpression | None:
    """What the array is taken of: `….to_numpy()`, `….values`, `….to_numpy(dtype=float)`."""
    if isinstance(node, cst.Attribute) and node.attr.value == "values":
        return node.value
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "to_numpy":
        return node.func.value if not node.args or _is_float(node.args) else None
    return None


def _chain(place: Place, node: cst.BaseExpression) -> _Chain | None:
    """`DataFrame(…)`, then `[columns]`, `.fillna(0)`, `.astype(float)`, each at most once; None for anything else."""
    columns: cst.BaseExpression | None = None
    fills = False
    while True:
        called = node.func if isinstance(node, cst.Call) else None
        if isinstance(node, cst.Call) and isinstance(called, cst.Attribute):
            filled = node.args[0].value if len(node.args) == 1 else None
            if called.attr.value == "fillna" and isinstance(filled, cst.Integer | cst.Float):
                node, fills = called.value, True
                continue
            if called.attr.value == "astype" and _is_float(node.args):
                node = called.value
                continue
        elif isinstance(node, cst.Subscript) and columns is None and len(node.slice) == 1:
            index = node.slice[0].slice
            if not isinstance(index, cst.Index) or frames.text_of(index.value):
                return None
            columns = index.value
            node = node.value
            continue
        break
    if isinstance(node, cst.Call) and place.qualified(node.func) == "pandas.DataFrame" and node.args:
        return _Chain(node, columns, fills)
    return None


def _is_float(args: Sequence[cst.Arg]) -> bool:
    if len(args) != 1 or (args[0].keyword is not None and args[0].keyword.value != "dtype"):
        return False
    given = args[0].value
    return isinstance(given, cst.Name) and given.value == "float"


def _is_named(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


def _is_list(node: cst.BaseExpression) -> bool:
    """A name, or a display of strings."""
    if isinstance(node, cst.List):
        return all(frames.text_of(each.value) for each in node.elements)
    return _is_named(node)


RECIPE = Recipe(
    id="frame-from-dicts",
    title="A DataFrame of dicts only to get an array: the array, made of the dicts",
    level="guarded",
    rules=("pandas-hot-path",),
    function="design",
    match=match,
    tip="DataFrames per request",
    valid=(
        Example(code="import pandas as pd\n\n\ndef f(rows):\n    return pd.DataFrame(rows)\n"),
        Example(code="import pandas as pd\n\n\ndef f(rows):\n    return pd.DataFrame(rows)['age'].to_numpy()\n"),
        Example(code="import pandas as pd\n\n\ndef f(rows):\n    return pd.DataFrame(rows).to_numpy(copy=True)\n"),
        Example(code="import pandas as pd\n\n\ndef f(rows):\n    return pd.DataFrame(rows).sort_index().to_numpy()\n"),
        Example(
            code="import pandas as pd\n\n\ndef f(rows):\n    return pd.DataFrame(rows, dtype='f4').values\n",
            refused="options",
        ),
        Example(
            code="import pandas as pd\n\n\ndef f(load):\n    return pd.DataFrame(load())[['a', 'b']].values\n",
            refused="expression",
        ),
        Example(
            code="import pandas as pd\n\n\ndef f(rows, a):\n    return pd.DataFrame(rows, columns=a)[a].values\n",
            refused="columns-twice",
        ),
        Example(code="def f(pd, rows):\n    return pd.DataFrame(rows).to_numpy()\n"),
    ),
    invalid=(
        Example(
            code="""\
import pandas


class Model:
    def score(self, request):
        inputs = pandas.DataFrame(request.items, columns=self.names).values
        return inputs @ self.weights  # one product
""",
            becomes='''\
import pandas
import operator
import numpy as np
import pandas as pd


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


def _values(request, self):
    """`pandas.DataFrame(request.items, columns=self.names).values`, by a faster way where that gives the same."""
    if type(request.items) is list and type(self.names) is list and len(request.items) <= 1000:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = _matrix(request.items, self.names)
        except Exception:
            pass
        else:
            return result
    return pandas.DataFrame(request.items, columns=self.names).values


class Model:
    def score(self, request):
        inputs = _values(request, self)
        return inputs @ self.weights  # one product
''',
        ),
        Example(
            code="""\
import numpy as np
import pandas as pd


def inputs(rows):
    return pd.DataFrame(rows)[["age", "income"]].astype(float).fillna(0).to_numpy(dtype=float)
""",
            becomes='''\
import numpy as np
import pandas as pd
import operator


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


def _values(rows):
    """`pd.DataFrame(rows)[["age", "income"]].astype(float).fillna(0 …`, by a faster way where that gives the same."""
    if type(rows) is list and len(rows) <= 1000:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                result = _matrix(rows, ["age", "income"])
        except Exception:
            pass
        else:
            if not np.isnan(result).any():
                return result
    return pd.DataFrame(rows)[["age", "income"]].astype(float).fillna(0).to_numpy(dtype=float)


def inputs(rows):
    return _values(rows)
''',
        ),
    ),
)
