"""Lists joined by adding them up: one chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_ADDING = frozenset({"operator.add", "operator.concat"})


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`sum(parts, [])` and `reduce(operator.add, parts, [])`."""
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        parts = _parts(place, node)
        if parts is None:
            continue
        if not isinstance(parts, cst.Name):
            yield Refusal(node, "expression", "the lists must have a name: they are looked at more than once")
        elif not place.is_local(parts.value):
            yield Refusal(node, "shared", f"`{parts.value}` belongs to the module, and may be changed meanwhile")
        else:
            yield _rewrite(node, parts.value)


def _parts(place: Place, call: cst.Call) -> cst.BaseExpression | None:
    """What is joined; None where the call does something else."""
    called = place.qualified(call.func)
    plain = [arg.value for arg in call.args if arg.keyword is None and not arg.star]
    named = {arg.keyword.value: arg.value for arg in call.args if arg.keyword is not None}
    if called == "builtins.sum" and len(call.args) == 2 and plain:
        start = named.get("start", plain[-1])
        return plain[0] if _is_empty_list(place, start) else None
    if called == "functools.reduce" and len(plain) == 3 == len(call.args):
        adds = place.qualified(plain[0]) in _ADDING
        return plain[1] if adds and _is_empty_list(place, plain[2]) else None
    return None


def _is_empty_list(place: Place, node: cst.BaseExpression) -> bool:
    made = isinstance(node, cst.Call) and not node.args and place.is_builtin(node.func, "list")
    return made or (isinstance(node, cst.List) and not node.elements)


def _rewrite(node: cst.CSTNode, parts: str) -> Rewrite:
    return Rewrite(
        nodes=(node,),
        reason=f"the lists in {parts} joined in one pass",
        fast=Fast(
            guards=(
                Guard(f"type({parts}) is list", "an iterator would be used up"),
                Guard(f"len({parts}) >= 48", "slower below", speed=True),
                Guard(f"set(map(type, {parts})) == {{list}}", "what is no list cannot be added to one"),
            ),
            body=f"result = list(chain.from_iterable({parts}))",
        ),
        imports=("from itertools import chain",),
        helper="_joined",
    )


RECIPE = Recipe(
    id="sum-of-lists",
    title="Lists joined by adding them up: one chain",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="joined",
    match=match,
    valid=(
        Example(code="def f(parts):\n    return sum(parts)\n"),
        Example(code="def f(parts):\n    return sum(parts, 0)\n"),
        Example(code="def f(parts):\n    return sum(parts, [0])\n"),
        Example(code="def f(parts):\n    return sum(parts, ())\n"),
        Example(code="def f(rows):\n    return sum((row.tags for row in rows), [])\n", refused="expression"),
        Example(code="def f(self):\n    return sum(self.parts, [])\n", refused="expression"),
        Example(code="PARTS = []\n\n\ndef f():\n    return sum(PARTS, [])\n", refused="shared"),
        Example(code="def f(sum, parts):\n    return sum(parts, [])\n"),
        Example(
            code="from functools import reduce\nfrom operator import iadd\n\n\n"
            "def f(parts):\n    return reduce(iadd, parts, [])\n"
        ),
    ),
    invalid=(
        Example(
            code="""\
def tokens(documents):
    parts = [document.split() for document in documents]
    return sorted(set(sum(parts, start=[])))  # each once
""",
            becomes='''\
from itertools import chain

def _joined(parts):
    """`sum(parts, start=[])`, by a faster way where that gives the same."""
    if type(parts) is list and len(parts) >= 48 and set(map(type, parts)) == {list}:
        result = list(chain.from_iterable(parts))
        return result
    return sum(parts, start=[])


def tokens(documents):
    parts = [document.split() for document in documents]
    return sorted(set(_joined(parts)))  # each once
''',
        ),
        Example(
            code="""\
import functools
from itertools import chain
import operator as op


class Index:
    def ids(self, shards):
        return functools.reduce(op.concat, shards, list())
""",
            becomes='''\
import functools
from itertools import chain
import operator as op


def _joined(shards):
    """`functools.reduce(op.concat, shards, list())`, by a faster way where that gives the same."""
    if type(shards) is list and len(shards) >= 48 and set(map(type, shards)) == {list}:
        result = list(chain.from_iterable(shards))
        return result
    return functools.reduce(op.concat, shards, list())


class Index:
    def ids(self, shards):
        return _joined(shards)
''',
        ),
    ),
)
