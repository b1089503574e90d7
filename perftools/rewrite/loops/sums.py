"""Reductions and running reductions as array code: the order of the loop where the result decides something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftools.rewrite.loops import code, orders
from perftools.rewrite.loops.code import ADD, ATOM, MUL, Code, infix
from perftools.rewrite.loops.ir import (
    NOTHING,
    Const,
    Nothing,
    Op,
    Red,
    Scan,
    Value,
    Where,
    constant,
    free,
)
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.types import NO_TERM, NONE, NUMPY, is_count, without_zeros

if TYPE_CHECKING:
    from perftools.rewrite.loops.arrays import Emitter


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


def _test(emitter: Emitter, value: Red) -> Code:
    if value.order == "early":
        raise Unclear(None, "not-faster", "the original stops at the first hit: slower where that comes early")
    mask = orders.spread(emitter.array(value.body, exact=True), value.loops)
    axis, rest = orders.axis_argument(mask, value.loops), orders.without(mask.axes, value.loops)
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
    mask = orders.spread(emitter.array(_mask(value.body), exact=True), value.loops)
    axis, rest = orders.axis_argument(mask, value.loops), orders.without(mask.axes, value.loops)
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
    made = orders.in_order(emitter, value, kept) if exact else orders.in_any_order(emitter, value, kept)
    for factor in factors:
        made = infix("*", MUL, emitter.array(factor, exact=exact), made)
    if any(not isinstance(factor, Const) for factor in factors):
        made = orders.finite(emitter, made, "infinity times a sum is not the sum of infinities")
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
        axis = orders.axis_argument(mask, value.loops)
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
