"""Reductions and running reductions as array code: the order of the loop where the result decides something."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from perftools.rewrite.loops import code
from perftools.rewrite.loops.code import ADD, ATOM, MUL, Code, infix
from perftools.rewrite.loops.ir import (
    NOTHING,
    Const,
    Index,
    Load,
    Nothing,
    Op,
    Red,
    Root,
    Scan,
    Value,
    Where,
    constant,
    free,
    replaced,
    walk,
)
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.types import NO_TERM, NONE, NUMPY, is_count, without_zeros

if TYPE_CHECKING:
    from perftools.rewrite.loops.arrays import Emitter


_MOST_CELLS = 2**24
"""Of an array that only the fast path makes: 128 MB."""


def reduction(emitter: Emitter, value: Red, *, exact: bool) -> Code:
    """A sum, product, maximum, count or test over the loops of a reduction. Raises Unclear."""
    if value.kind in ("any", "all"):
        return _test(emitter, value)
    if is_count(value):
        return _count(emitter, value)
    if value.kind in ("max", "min"):
        return _extreme(emitter, value)
    if value.kind == "*":
        raise Unclear(
            None, "not-faster", "a product rounds in the order of the loop: accumulate is no faster for short ones"
        )
    return _sum(emitter, value, exact=exact)


def _axis(made: Code, loops: tuple[int, ...]) -> str:
    """The axis argument that removes these loops; "" where nothing else is left."""
    if set(made.axes) == set(loops):
        return ""
    places = [str(made.axes.index(loop)) for loop in loops]
    return f"axis={places[0]}" if len(places) == 1 else f"axis=({', '.join(places)})"


def _rest(axes: tuple[int, ...], loops: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(each for each in axes if each not in loops)


def _spread(made: Code, loops: tuple[int, ...]) -> Code:
    if not set(loops) <= set(made.axes):
        raise Unclear(None, "not-faster", "the loop adds up the same number in each pass")
    return made


def _test(emitter: Emitter, value: Red) -> Code:
    if value.order == "early":
        raise Unclear(None, "not-faster", "the original stops at the first hit: slower where that comes early")
    mask = _spread(emitter.array(value.body, exact=True), value.loops)
    axis, rest = _axis(mask, value.loops), _rest(mask.axes, value.loops)
    made = Code(f"{mask.at(ATOM)}.{value.kind}({axis})", rest)
    return made if rest else code.called("bool", made)


def _mask(value: Value) -> Value:
    """Where a count counts."""
    match value:
        case Where(test, yes, no):
            a, b = _mask(yes), _mask(no)
            if constant(a) is True and constant(b) is False:
                return test
            if constant(a) is False and constant(b) is True:
                return Op("not", (test,))
            if constant(b) is False:
                return Op("and", (test, a))
            if constant(a) is False:
                return Op("and", (Op("not", (test,)), b))
            raise Unclear(None, "expression", "a count in several branches")
    return Const("bool", "False" if isinstance(value, Nothing) else "True")


def _count(emitter: Emitter, value: Red) -> Code:
    mask = _spread(emitter.array(_mask(value.body), exact=True), value.loops)
    axis, rest = _axis(mask, value.loops), _rest(mask.axes, value.loops)
    counted = Code(f"np.count_nonzero({mask.text}{', ' + axis if axis else ''})", rest)
    if not rest:
        counted = code.called("int", counted)
    if emitter.type(value.init) != "i":
        raise Unclear(None, "int-sum", "the count")
    return counted if constant(value.init) == 0 else infix("+", ADD, emitter.array(value.init, exact=True), counted)


def _extreme(emitter: Emitter, value: Red) -> Code:
    from perftools.rewrite.loops import best

    if len(value.loops) != 1:
        raise Unclear(None, "expression", "a maximum over two loops")
    return best.extreme(emitter, value)


def _sum(emitter: Emitter, value: Red, *, exact: bool) -> Code:
    emitter.type(value)
    if exact and value.order != "plain" and not _plain_after_all(emitter, value):
        how = {"compensated": "compensated-sum", "regrouped": "summation-order", "numpy": "summation-order"}
        raise Unclear(None, how[value.order], "the sum")
    for loop in value.loops:
        if emitter.type(value.init) != emitter.type(_term(without_zeros(value.body))):
            emitter.least[loop] = None
    init, body = value.init, without_zeros(value.body)
    if isinstance(body, Where) and NOTHING in (body.yes, body.no):
        body = _conditional(emitter, value, body)
    elif _has_nothing(body):
        raise Unclear(None, "expression", "a sum in several branches")
    factors, kept = ([], body) if exact else _outside(body, value.loops)
    made = _in_order(emitter, value, kept) if exact else _in_any_order(emitter, value, kept)
    for factor in factors:
        made = infix("*", MUL, emitter.array(factor, exact=exact), made)
    if any(not isinstance(factor, Const) for factor in factors):
        made = _finite(emitter, made, "infinity times a sum is not the sum of infinities")
    if constant(init) == 0 and init != Const("float", "-0.0"):
        return made
    if exact:
        raise Unclear(None, "summation-order", "a sum that does not begin at 0")
    return infix("+", ADD, emitter.array(init, exact=exact), made)


def _plain_after_all(emitter: Emitter, value: Red) -> bool:
    """sum() adds np.float64 objects one after the other, also from 3.12."""
    return value.order == "compensated" and emitter.type(value.body) == NUMPY


def _term(body: Value) -> Value:
    """What is added where something is."""
    if isinstance(body, Where):
        return _term(body.no) if body.yes == NOTHING else _term(body.yes) if body.no == NOTHING else body
    return body


def _has_nothing(body: Value) -> bool:
    return body == NOTHING or (isinstance(body, Where) and (_has_nothing(body.yes) or _has_nothing(body.no)))


def _conditional(emitter: Emitter, value: Red, body: Where) -> Value:
    """`if c: s += e`: adding 0.0 instead changes no sum that does not begin at -0.0."""
    test = body.test if body.no == NOTHING else Op("not", (body.test,))
    term = body.yes if body.no == NOTHING else body.no
    if _has_nothing(term):
        raise Unclear(None, "expression", "a sum in several branches")
    if emitter.type(value.init) != emitter.type(term):
        mask = emitter.array(test, exact=True)
        if not set(value.loops) <= set(mask.axes):
            raise Unclear(None, "mixed-types", "the sum")
        axis = _axis(mask, value.loops)
        some = f"{mask.at(ATOM)}.any({axis})"
        emitter.back_if(f"not {some}.all()" if axis else f"not {some}", "nothing is added up")
    return Where(test, term, Const("float", "0.0"))


def _outside(body: Value, loops: tuple[int, ...]) -> tuple[list[Value], Value]:
    """Factors that do not depend on the loops, and the rest."""
    factors = _factors(body)
    inside = [each for each in factors if free(each) & set(loops)]
    if not inside:
        return [], body
    kept = inside[0]
    for each in inside[1:]:
        kept = Op("*", (kept, each))
    return [each for each in factors if not free(each) & set(loops)], kept


def _factors(body: Value) -> list[Value]:
    if isinstance(body, Op) and body.name == "*":
        return [*_factors(body.args[0]), *_factors(body.args[1])]
    return [body]


def _in_any_order(emitter: Emitter, value: Red, body: Value) -> Code:
    """np.dot and `@` where it is a product of two, else .sum()."""
    if isinstance(body, Op) and body.name == "**" and body.args[1] == Const("int", "2"):
        body = Op("*", (body.args[0], body.args[0]))
    if len(value.loops) == 1 and isinstance(body, Op) and body.name == "*":
        made = _product(emitter, value.loops[0], body.args[0], body.args[1])
        if made is not None:
            return (
                _finite(emitter, made, "** raises where it overflows, and BLAS does not")
                if _has_power(value.body)
                else made
            )
    open_ = free(body)
    if len(open_) > 2 and len(value.loops) == 1:
        return _by_dimension(emitter, value.loops[0], body, exact=False)
    inner = _terms(emitter, body, exact=False)
    inner = _spread(inner, value.loops)
    if len(inner.axes) > 1 and not any(isinstance(each, Load) and free(each) == open_ for each in walk(body)):
        cells = " * ".join(emitter.count(emitter.understood.spaces[each].count) for each in inner.axes)
        emitter.back_if(f"{cells} > {_MOST_CELLS}", "too much memory at once")
    return Code(f"{inner.at(ATOM)}.sum({_axis(inner, value.loops)})", _rest(inner.axes, value.loops))


def _has_power(body: Value) -> bool:
    return any(isinstance(each, Op) and each.name == "**" for each in walk(body))


def _finite(emitter: Emitter, made: Code, why: str) -> Code:
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
        return Code(f"{_last(matrix, loop).at(MUL)} @ {vector.at(UNARY_SAFE)}", _rest(matrix.axes, (loop,)), MUL)
    if len(a.axes) == len(b.axes) == 2 and a.axes != b.axes:
        (i,), (j,) = _rest(a.axes, (loop,)), _rest(b.axes, (loop,))
        if i > j:
            a, b, i, j = b, a, j, i
        first, second = _last(a, loop), _last(b, loop)
        turned = second.text.removesuffix(".T") if second.text.endswith(".T") else f"{second.at(ATOM)}.T"
        return Code(f"{first.at(MUL)} @ {turned}", (i, j), MUL)
    return None


UNARY_SAFE = MUL + 1


def _last(matrix: Code, loop: int) -> Code:
    """The matrix with the summed axis last."""
    if matrix.axes[-1] == loop:
        return matrix
    text = matrix.text.removesuffix(".T") if matrix.text.endswith(".T") else f"{matrix.at(ATOM)}.T"
    return Code(text, (*_rest(matrix.axes, (loop,)), loop))


def _in_order(emitter: Emitter, value: Red, body: Value) -> Code:
    """Bit-equal to the loop: accumulate adds one after the other, and so does a sum over the first axis.

    That needs at least two columns: one alone is summed pairwise. 0.0 is added for sums of -0.0.
    """
    if len(value.loops) != 1:
        raise Unclear(None, "summation-order", "a sum over two loops")
    (loop,) = value.loops
    if len(free(body)) > 2:
        return _by_dimension(emitter, loop, body, exact=True)
    terms = _spread(_terms(emitter, body, exact=True), value.loops)
    emitter.least[loop] = None
    rest = _rest(terms.axes, (loop,))
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


def running(emitter: Emitter, value: Scan) -> Code:
    """A running sum or maximum along its loop."""
    if value.kind not in ("+", "max", "min"):
        raise Unclear(None, "expression", "a running product")
    body = emitter.array(value.body, exact=True)
    if body.axes != (value.loop,):
        raise Unclear(None, "expression", "a running value of several loops")
    if emitter.type(value.init) in (NO_TERM, NONE) or isinstance(value.body, Where):
        raise Unclear(None, "expression", "a running value that begins with nothing")
    function = {"+": "np.add", "max": "np.maximum", "min": "np.minimum"}[value.kind]
    start = emitter.array(value.init, exact=True)
    if start.axes:
        raise Unclear(None, "expression", "a running value of several loops")
    if value.kind != "+":
        body = emitter.keep("values", body)
        emitter.back_if(f"not (({body.text} < 0) | ({body.text} > 0)).all()", "NaN and zeros are ordered otherwise")
        if not isinstance(value.init, Const):
            emitter.back_if(f"{start.at(code.COMPARE + 1)} != {start.at(code.COMPARE + 1)}", "NaN")
    part = "[1:]" if value.inclusive else "[:-1]"
    return Code(f"{function}.accumulate(np.concatenate((({start.text},), {body.text}))){part}", (value.loop,))
