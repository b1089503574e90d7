"""`sorted(xs)[0]`: the smallest element does not need all the others in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Fast, Guard, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`sorted(NAME)[0]`, without a key."""
    for node, _ in place.expressions(cst.Subscript):
        assert isinstance(node, cst.Subscript)
        call = node.value
        if (
            not isinstance(call, cst.Call)
            or not place.is_builtin(call.func, "sorted")
            or place.code(node)[-3:] != "[0]"
        ):
            continue
        if len(call.args) != 1:
            yield Refusal(node, "key", "a key or a reverse order is not looked into")
            continue
        name = call.args[0].value
        if not isinstance(name, cst.Name):
            yield Refusal(node, "expression", "what is sorted must be a name: it is looked at twice")
            continue
        yield Rewrite(
            nodes=(node,),
            reason="the smallest, without a sort",
            fast=Fast(
                (
                    Guard(f"type({name.value}) is list", "an iterator can be gone through once only"),
                    Guard(f"set(map(type, {name.value})) == {{int}}", "NaN and mixed types have no order to rely on"),
                ),
                f"result = min({name.value})",
            ),
            helper="_smallest",
        )


def _module(line: str) -> str:
    return f"def f(xs):\n    {line}\n"


RECIPE = Recipe(
    id="sorted-first",
    title="The smallest of a list: min instead of sorted",
    level="guarded",
    rules=("list-hot-path",),
    function="cheapest",
    match=match,
    valid=(
        Example(code=_module("return sorted(xs)[1]")),
        Example(code=_module("return sorted(xs)")),
        Example(code=_module("return sorted(xs, reverse=True)[0]"), refused="key"),
        Example(code=_module("return sorted(xs())[0]"), refused="expression"),
        Example(code="def f(xs, sorted):\n    return sorted(xs)[0]\n"),
    ),
    invalid=(
        Example(
            code=_module("low = sorted(xs)[0]  # the smallest"),
            becomes='''\
def _smallest(xs):
    """`sorted(xs)[0]`, by a faster way where that gives the same."""
    if type(xs) is list and set(map(type, xs)) == {int}:
        result = min(xs)
        return result
    return sorted(xs)[0]


def f(xs):
    low = _smallest(xs)  # the smallest
''',
        ),
    ),
)
