"""`x in box` for each element, with a set built once instead of a search each time."""

from __future__ import annotations

from perftools.rewrite.loops.ir import (
    NOTHING,
    ONE,
    ZERO,
    Filter,
    Index,
    Load,
    Map,
    Member,
    Op,
    Red,
    Root,
    Value,
    Where,
)
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.understood import Understood
from perftools.rewrite.recipe import Guard

PAIRS = 900
"""Searches times the length of what is searched: break-even at 24 x 24."""
PLAIN = "{int, float, str, bytes, bool}"
"""Types whose == and hash are Python's own and agree with one another."""


def fast_path(understood: Understood) -> tuple[tuple[Guard, ...], str]:
    """Guards and body. Raises Unclear where more than membership is asked."""
    lines: list[str] = []
    guards: dict[Guard, None] = {}
    for name, value in understood.results.items():
        items, box, made = _form(understood, value)
        for path in (items, box):
            guards[Guard(f"type({path}) is list", "iterators, sets, arrays, subclasses")] = None
        test = f"len({items}) * len({box}) >= {PAIRS}"
        guards[Guard(test, "slower below", speed=True)] = None
        check = f"if not set(map(type, {items})) | set(map(type, {box})) <= {PLAIN}:"
        lines += [check, '    raise TypeError("equality of other types is their own")', f"known = set({box})"]
        lines.append(f"return {made}" if name == "return" else f"{name} = {made}")
    return tuple(guards), "\n".join(lines)


def _form(understood: Understood, value: Value) -> tuple[str, str, str]:
    """(the list of items, what is searched, the fast expression)."""
    match value:
        case Filter(loop, test, body):
            items, box, negated = _asked(understood, loop, test)
            if body == Load(Root(items), Index(loop)):
                return items, box, f"[item for item in {items} if item {negated}in known]"
            if body == Index(loop):
                return items, box, f"[place for place, item in enumerate({items}) if item {negated}in known]"
        case Map(loop, body):
            items, box, negated = _asked(understood, loop, body)
            return items, box, f"[item {negated}in known for item in {items}]"
        case Red("+", (loop,), init, Where(test, yes, no)) if init == ZERO:
            if (yes, no) == (NOTHING, ONE):
                test, yes, no = Op("not", (test,)), no, yes
            if (yes, no) == (ONE, NOTHING):
                items, box, negated = _asked(understood, loop, test)
                return items, box, f"sum(1 for item in {items} if item {negated}in known)"
    raise Unclear(None, "expression", "more than whether elements are in a container")


def _asked(understood: Understood, loop: int, test: Value) -> tuple[str, str, str]:
    negated = ""
    while isinstance(test, Op) and test.name == "not":
        test, negated = test.args[0], "" if negated else "not "
    if isinstance(test, Member) and isinstance(test.box, Root):
        match test.item:
            case Load(Root(path), Index(at)) if at == loop and understood.spaces[loop].equal == ():
                return path, test.box.path, negated
    raise Unclear(None, "expression", "more than whether elements are in a container")
