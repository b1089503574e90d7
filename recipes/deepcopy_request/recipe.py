"""A deep copy of plain data: through pickle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Decision, Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_DECISIONS = (
    Decision(
        "plain-data",
        "Is it made of dicts, lists, tuples, sets, text and numbers, as JSON is? "
        "Locks, open files and functions of the moment cannot be pickled; __deepcopy__ of your classes is not called.",
        "yes",
    ),
    Decision(
        "needed",
        "Does somebody change it deep inside, so that a copy of the outermost level, or none, would not do?",
        "yes: a deep copy is needed",
    ),
)


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`copy.deepcopy(x)`."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        if place.qualified(node.func) != "copy.deepcopy":
            continue
        if len(node.args) != 1 or node.args[0].keyword is not None or node.args[0].star:
            yield Refusal(node, "memo", "it is given a memo: what was copied before counts")
            continue
        value = node.args[0].value
        if place.function is not None and place.name.rpartition(".")[2] in ("__deepcopy__", "__copy__"):
            yield Refusal(node, "memo", "it is part of a copy itself")
            continue
        kind = place.kind(place.code(value))
        if kind is not None and kind.name in ("ndarray", "DataFrame", "Series"):
            yield Refusal(node, "array", "arrays and frames have a copy() of their own, which is faster")
            continue
        yield Rewrite(
            nodes=(node,),
            reason="plain data copied through pickle",
            replacement=f"pickle.loads(pickle.dumps({place.code(value)}, pickle.HIGHEST_PROTOCOL))",
            imports=("import pickle",),
            decisions=_DECISIONS,
        )


_HEAD = "import copy\n\n\n"

RECIPE = Recipe(
    id="deepcopy-request",
    title="A deep copy of plain data: through pickle",
    level="assisted",
    rules=("list-hot-path", "gil-bound", "event-loop-blocked"),
    function="defaults",
    match=match,
    valid=(
        Example(code=f"{_HEAD}def f(x):\n    return copy.copy(x)\n"),
        Example(code=f"{_HEAD}def f(x, memo):\n    return copy.deepcopy(x, memo)\n", refused="memo"),
        Example(
            code=f"{_HEAD}class A:\n    def __deepcopy__(self, memo):\n        return A(copy.deepcopy(self.x))\n",
            refused="memo",
        ),
        Example(
            code=f"{_HEAD}def f(x):\n    return copy.deepcopy(x)\n", facts={"x": "ndarray[f8, C]"}, refused="array"
        ),
        Example(code="def f(copy, x):\n    return copy.deepcopy(x)\n"),
        Example(code="def deepcopy(x):\n    return x\n\n\ndef f(x):\n    return deepcopy(x)\n"),
    ),
    invalid=(
        Example(
            code="""\
from copy import deepcopy

TEMPLATE = {"model": "ranker", "features": []}


def payload(features):
    body = deepcopy(TEMPLATE)  # filled in below
    body["features"] += features
    return body
""",
            becomes="""\
from copy import deepcopy
import pickle

TEMPLATE = {"model": "ranker", "features": []}


def payload(features):
    body = pickle.loads(pickle.dumps(TEMPLATE, pickle.HIGHEST_PROTOCOL))  # filled in below
    body["features"] += features
    return body
""",
        ),
        Example(
            code="""\
import copy as c


class Session:
    def snapshot(self):
        return {"user": self.user, "state": c.deepcopy(self.state["items"])}
""",
            becomes="""\
import copy as c
import pickle


class Session:
    def snapshot(self):
        return {"user": self.user, "state": pickle.loads(pickle.dumps(self.state["items"], pickle.HIGHEST_PROTOCOL))}
""",
        ),
    ),
)
