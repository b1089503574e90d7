"""From which size on the fast path pays: break-even points measured, times 1.5.

Guard, errstate and five to fifteen numpy calls cost 3 to 8 µs; a conversion of a list costs about what one multiply-add
of the loop costs for the same element, so that one pass with one operation over a list never pays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from perftools.rewrite.loops.ir import (
    Arg,
    Const,
    Dim,
    Filter,
    Hist,
    Load,
    Map,
    Op,
    Red,
    Scan,
    Store,
    Top,
    Value,
    Where,
    free,
    parts,
    walk,
)
from perftools.rewrite.loops.kinds import LISTS
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.understood import loops_of

if TYPE_CHECKING:
    from perftools.rewrite.loops.arrays import Emitter

ARRAY_SUM = 48
"""A sum over an ndarray: break-even at 16 to 32."""
ARRAY_PASS = 96
"""Any other pass over an ndarray, of several numpy calls: 48 to 64."""
ARRAY_SCAN = 150
"""A running sum or maximum: 90."""
ARRAY_ROWS = 3
"""A pass for each row of an ndarray: 2."""
LIST_PASS = 150
"""One pass over a list with three or more operations per element: 100."""
LIST_TO_LIST = 450
"""The same where the result is a list again: 200 to 300."""
LIST_ROWS = 24
"""A pass over each row of a list of lists, rows of 64: 16."""
LIST_CELLS = 1_500
"""The same where the length of a row is known beforehand: 1,000."""
LIST_PAIRS = 24
"""Each with each of a list: 16."""
TOP = 768
"""The first few of a sorted list: 512."""
OPERATIONS = 3


class Size(NamedTuple):
    """A test of how much there is to do."""

    test: str
    loop: int


def size_guard(emitter: Emitter) -> Size | None:
    """The test of size; None where the counts are constants. Raises Unclear("not-faster") where no size pays."""
    understood, kinds = emitter.understood, emitter.kinds
    loops = understood.loops
    outer = min(loops)
    count = understood.spaces[outer].count
    deep = _depth(emitter)
    if isinstance(count, Const):
        if deep == 1:
            raise Unclear(None, "not-faster", "the loop is short")
        return None
    converted = [path for path in emitter.conversions if kinds[path] in LISTS]
    values = list(understood.results.values())
    heads = [value for value in values if isinstance(value, Top)]
    if heads:
        if converted and any(value.of.key == value.of.body for value in heads):
            raise Unclear(None, "not-faster", "sorting a list without a key is fast")
        least = TOP
    elif not converted:
        least = _array_pass(values) if deep == 1 else ARRAY_ROWS
    elif deep == 1:
        if _operations(emitter) < OPERATIONS * len(converted):
            raise Unclear(None, "not-faster", "converting the list costs what the loop costs: store it as an array")
        least = LIST_TO_LIST if any(isinstance(value, Map | Filter) for value in values) else LIST_PASS
    else:
        if _sums_rows_alone(values):
            raise Unclear(None, "not-faster", "sum() of a list takes less than converting it: store an array")
        least = LIST_PAIRS if all(kinds[path] == "list" for path in converted) else LIST_ROWS
    if isinstance(count, Dim) and count.axis == 1 and kinds[count.of.path] in LISTS:
        return None
    if converted and deep == 2 and least == LIST_ROWS:
        inner = understood.spaces[max(loops)]
        for length in (inner.count, *inner.equal):
            if isinstance(length, Dim) and length != count and (length.axis == 0 or kinds[length.of.path] not in LISTS):
                return Size(f"{emitter.count(count)} * {emitter.count(length)} >= {LIST_CELLS}", outer)
    return Size(f"{emitter.count(count)} >= {least}", outer)


def _array_pass(values: list[Value]) -> int:
    inside = [each for value in values for each in walk(value)]
    if any(isinstance(each, Scan) for each in inside):
        return ARRAY_SCAN
    sums = all(each.kind == "+" for each in inside if isinstance(each, Red))
    plain = sums and not any(isinstance(each, Where | Map | Filter | Arg | Store | Hist) for each in inside)
    return ARRAY_SUM if plain else ARRAY_PASS


def _sums_rows_alone(values: list[Value]) -> bool:
    """Is nothing looped over but by sum(), which is compiled itself?"""
    reds = [each for value in values for each in walk(value) if isinstance(each, Red)]
    return bool(reds) and all(each.order == "compensated" and isinstance(each.body, Load) for each in reds)


def _depth(emitter: Emitter) -> int:
    """How many loops lie within one another."""

    def deep(value: Value, around: frozenset[int]) -> int:
        own = loops_of(value)
        inside = (around if not own or free(value) & around else frozenset()).union(own)
        return max((deep(part, inside) for part in parts(value)), default=len(inside))

    return max(deep(value, frozenset()) for value in emitter.understood.results.values())


def _operations(emitter: Emitter) -> int:
    """Operations of Python's that one element costs, loop overheads aside."""
    seen: set[Value] = set()
    for value in emitter.understood.results.values():
        seen.update(
            each for each in walk(value) if isinstance(each, Red) or (isinstance(each, Op) and each.name != "not")
        )
    return len(seen)
