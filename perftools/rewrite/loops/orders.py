"""Sums in any order (np.dot, @, .sum) and in the order of the loop, bit for bit."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from perftools.rewrite.loops import code
from perftools.rewrite.loops.code import ADD, ATOM, MUL, Code
from perftools.rewrite.loops.ir import (
    Const,
    Index,
    Load,
    Op,
    Red,
    Root,
    Value,
    Where,
    free,
    replaced,
    walk,
)
from perftools.rewrite.loops.refusals import Unclear

if TYPE_CHECKING:
    from perftools.rewrite.loops.arrays import Emitter


_MOST_CELLS = 2**24
"""Of an array that only the fast path makes: 128 MB."""


def axis_argument(made: Code, loops: tuple[int, ...]) -> str:
    """The axis argument that removes these loops; "" where nothing else is left."""
    if set(made.axes) == set(loops):
        return ""
    places = [str(made.axes.index(loop)) for loop in loops]
    return f"axis={places[0]}" if len(places) == 1 else f"axis=({', '.join(places)})"


def without(axes: tuple[int, ...], loops: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(each for each in axes if each not in loops)


def spread(made: Code, loops: tuple[int, ...]) -> Code:
    if not set(loops) <= set(made.axes):
        raise Unclear(None, "not-faster", "the loop adds up the same number in each pass")
    return made


def in_any_order(emitter: Emitter, value: Red, body: Value) -> Code:
    """np.dot and `@` where it is a product of two, else .sum()."""
    if isinstance(body, Op) and body.name == "**" and body.args[1] == Const("int", "2"):
        body = Op("*", (body.args[0], body.args[0]))
    if len(value.loops) == 1 and isinstance(body, Op) and body.name == "*":
        made = _product(emitter, value.loops[0], body.args[0], body.args[1])
        if made is not None:
            return (
                finite(emitter, made, "** raises where it overflows, and BLAS does not")
                if _has_power(value.body)
                else made
            )
    open_ = free(body)
    if len(open_) > 2 and len(value.loops) == 1:
        return _by_dimension(emitter, value.loops[0], body, exact=False)
    inner = _terms(emitter, body, exact=False)
    inner = spread(inner, value.loops)
    if len(inner.axes) > 1 and not any(isinstance(each, Load) and free(each) == open_ for each in walk(body)):
        cells = " * ".join(emitter.count(emitter.understood.spaces[each].count) for each in inner.axes)
        emitter.back_if(f"{cells} > {_MOST_CELLS}", "too much memory at once")
    return Code(f"{inner.at(ATOM)}.sum({axis_argument(inner, value.loops)})", without(inner.axes, value.loops))


def _has_power(body: Value) -> bool:
    return any(isinstance(each, Op) and each.name == "**" for each in walk(body))


def finite(emitter: Emitter, made: Code, why: str) -> Code:
    made = emitter.keep("total", made)
    emitter.back_if(f"not np.isfinite({made.text}){'.all()' if made.axes else ''}", why)
    return made


def _terms(emitter: Emitter, body: Value, *, exact: bool) -> Code:
    """What is added up, for each pass."""
    if isinstance(body, Where) and body.no == Const("float", "0.0"):
        test = emitter.array(body.test, exact=True)
        return code.called("np.where", test, emitter.array(body.yes, exact=exact), Code("0.0"))
    if isinstance(body, Op) and body.name == "*" and body.args[0] == body.args[1]:
        one = emitter.array(body.args[0], exact=exact)
        if one.level < ATOM:
            one = emitter.named("step", body.args[0], exact=exact)
        return Code(f"{one.text} * {one.text}", one.axes, MUL)
    return emitter.array(body, exact=exact)


def _product(emitter: Emitter, loop: int, left: Value, right: Value) -> Code | None:
    """Σ a·b over one loop."""
    outer = [sorted(free(each) - {loop}) for each in (left, right)]
    if not all(loop in free(each) for each in (left, right)) or any(len(each) > 1 for each in outer):
        return None
    if outer[0] and outer[0] == outer[1]:
        return None  # row by row
    a = emitter.array(left, exact=False)
    if left == right and not isinstance(left, Load):
        a = emitter.named("step", left)
    b = a if left == right else emitter.array(right, exact=False)
    if a.axes == b.axes == (loop,):
        return code.called("np.dot", Code(a.text), Code(b.text))
    if len(a.axes) + len(b.axes) == 3:
        matrix, vector = (a, b) if len(a.axes) == 2 else (b, a)
        return Code(f"{_last(matrix, loop).at(MUL)} @ {vector.at(MUL + 1)}", without(matrix.axes, (loop,)), MUL)
    if len(a.axes) == len(b.axes) == 2 and a.axes != b.axes:
        (i,), (j,) = without(a.axes, (loop,)), without(b.axes, (loop,))
        if i > j:
            a, b, i, j = b, a, j, i
        first, second = _last(a, loop), _last(b, loop)
        turned = second.text.removesuffix(".T") if second.text.endswith(".T") else f"{second.at(ATOM)}.T"
        return Code(f"{first.at(MUL)} @ {turned}", (i, j), MUL)
    return None


def _last(matrix: Code, loop: int) -> Code:
    """The matrix with the summed axis last."""
    if matrix.axes[-1] == loop:
        return matrix
    text = matrix.text.removesuffix(".T") if matrix.text.endswith(".T") else f"{matrix.at(ATOM)}.T"
    return Code(text, (*without(matrix.axes, (loop,)), loop))


def in_order(emitter: Emitter, value: Red, body: Value) -> Code:
    """Bit-equal to the loop: accumulate adds one after the other, and so does a sum over the first axis.

    That needs at least two columns: one alone is summed pairwise. 0.0 is added for sums of -0.0.
    """
    if len(value.loops) != 1:
        raise Unclear(None, "summation-order", "a sum over two loops")
    (loop,) = value.loops
    if len(free(body)) > 2:
        return _by_dimension(emitter, loop, body, exact=True)
    terms = spread(_terms(emitter, body, exact=True), value.loops)
    emitter.least[loop] = None
    rest = without(terms.axes, (loop,))
    if not rest:
        return Code(f"np.add.accumulate({terms.text})[-1] + 0.0", (), ADD)
    if len(rest) > 1:
        raise Unclear(None, "summation-order", "a sum for each of several loops")
    emitter.back_if(
        f"{emitter.count(emitter.understood.spaces[rest[0]].count)} < 2", "one sum alone is not taken in order"
    )
    turned = terms.text if terms.axes[0] == loop else f"{terms.at(ATOM)}.T"
    return Code(f"np.ascontiguousarray({turned}).sum(axis=0) + 0.0", rest, ADD)


def _by_dimension(emitter: Emitter, loop: int, body: Value, *, exact: bool) -> Code:
    """One term after the other, each an array over the outer loops: in the loop's order, and with the least memory."""
    at = emitter.name("k")
    emitter.kinds[at] = "int"
    emitter.least[loop] = None
    total = emitter.name("total")
    before, emitter.lines = emitter.lines, []
    term = _terms(emitter, replaced(body, {Index(loop): Root(at)}), exact=exact)
    inside, emitter.lines = emitter.lines, before
    count = emitter.count(emitter.understood.spaces[loop].count)
    block = "\n".join([*inside, f"{total} = {total} + {term.at(ADD + 1)}"])
    emitter.lines += [f"{total} = 0.0", f"for {at} in range({count}):\n{textwrap.indent(block, '    ')}"]
    return Code(total, term.axes)
