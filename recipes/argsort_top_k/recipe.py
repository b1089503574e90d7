"""The best k of an array: a partition instead of a full sort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


_SMALLEST = 768
"""Elements from which a partition pays."""


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`np.argsort(-scores)[:k]`, where scores and k are plain names."""
    for node, _ in place.expressions(cst.Subscript):
        assert isinstance(node, cst.Subscript)
        call = node.value
        if not isinstance(call, cst.Call) or place.qualified(call.func) != "numpy.argsort" or len(node.slice) != 1:
            continue
        cut = node.slice[0].slice
        if not isinstance(cut, cst.Slice) or cut.upper is None:
            continue
        if cut.lower is not None or cut.step is not None:
            yield Refusal(node, "slice", "only a slice from the start, without a step, takes the best k")
            continue
        order = call.args[0].value if len(call.args) == 1 and call.args[0].keyword is None else None
        if not isinstance(order, cst.UnaryOperation) or not isinstance(order.operator, cst.Minus):
            continue
        if not isinstance(order.expression, cst.Name) or not isinstance(cut.upper, cst.Name | cst.Integer):
            yield Refusal(node, "expression", "scores and k must be names: they are looked at more than once")
            continue
        if isinstance(cut.upper, cst.Integer) and not 0 < cut.upper.evaluated_value < _SMALLEST:
            yield Refusal(node, "not-faster", f"{place.code(cut.upper)} is all that a small array has, or nothing")
            continue
        yield _rewrite(node, order.expression.value, cut.upper)


def _rewrite(node: cst.CSTNode, scores: str, cut: cst.Name | cst.Integer) -> Rewrite:
    k, first = cut.value, f": {cut.value} + 1"
    of_k: tuple[Guard, ...] = ()
    if isinstance(cut, cst.Integer):
        first = f":{cut.evaluated_value + 1}"
    else:
        of_k = (
            Guard(f"type({k}) is int", "k no int"),
            Guard(f"0 < {k} < {scores}.size", "k at or beyond the size"),
        )
    return Rewrite(
        nodes=(node,),
        reason=f"the best {k} by partition",
        fast=Fast(
            guards=(
                Guard(f"type({scores}) is np.ndarray", "lists, masked arrays"),
                Guard(f"{scores}.ndim == 1", "two dimensions"),
                *of_k,
                Guard(f"{scores}.size >= {_SMALLEST}", "slower below; a constant k is smaller", speed=bool(of_k)),
            ),
            body=f"""
                lowest = np.argpartition(-{scores}, {k})[{first}]
                lowest = lowest[np.argsort(-{scores}[lowest])]
                found = {scores}[lowest]
                result = lowest[:{k}]
            """,
            after=(Guard("bool((found[1:] < found[:-1]).all())", "ties and NaN have no order to keep"),),
        ),
        imports=("import numpy as np",),
        helper="_top_k",
    )


RECIPE = Recipe(
    id="argsort-top-k",
    title="Best k of an array: argpartition instead of argsort",
    level="guarded",
    rules=("list-hot-path",),
    function="best",
    match=match,
    valid=(
        Example(code="import numpy as np\n\ndef f(s, k):\n    return np.argsort(s)[:k]\n"),
        Example(code="import numpy as np\n\ndef f(s, k):\n    return np.argsort(-s)\n"),
        Example(code="import numpy as np\n\ndef f(s, k):\n    return np.argsort(-s)[1:k]\n", refused="slice"),
        Example(code="import numpy as np\n\ndef f(g, k):\n    return np.argsort(-g())[:k]\n", refused="expression"),
        Example(code="import numpy as np\n\ndef f(s, k):\n    return np.argsort(-s, kind='stable')[:k]\n"),
        Example(code="import numpy as np\n\ndef f(s):\n    return np.argsort(-s)[:1000]\n", refused="not-faster"),
        Example(code="def f(np, s, k):\n    return np.argsort(-s)[:k]\n"),
    ),
    invalid=(
        Example(
            code="""\
import numpy


def best(ids, scores, k):
    order = numpy.argsort(-scores)[:10]  # the ten best
    return ids[order]
""",
            becomes='''\
import numpy
import numpy as np


def _top_k(scores):
    """`numpy.argsort(-scores)[:10]`, by a faster way where that gives the same."""
    if type(scores) is np.ndarray and scores.ndim == 1 and scores.size >= 768:
        lowest = np.argpartition(-scores, 10)[:11]
        lowest = lowest[np.argsort(-scores[lowest])]
        found = scores[lowest]
        result = lowest[:10]
        if bool((found[1:] < found[:-1]).all()):
            return result
    return numpy.argsort(-scores)[:10]


def best(ids, scores, k):
    order = _top_k(scores)  # the ten best
    return ids[order]
''',
        ),
    ),
)
