"""Operators and functions of numbers: numpy's where bit-equal to Python's, or where nothing depends on that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftools.rewrite.loops import code
from perftools.rewrite.loops.code import ADD, ATOM, BITAND, BITOR, COMPARE, MUL, NOT, POWER, UNARY, Code, infix
from perftools.rewrite.loops.ir import ZERO, Const, Op, Red, Value, const, constant
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.types import COMPARISONS, INT

if TYPE_CHECKING:
    from perftools.rewrite.loops.arrays import Emitter

_EXACT_FUNCTIONS = frozenset(
    "float int abs neg math.sqrt math.fabs math.isnan numpy.sqrt numpy.abs numpy.fabs numpy.isnan".split()
)
"""Bit-equal to Python's: IEEE 754 demands it of sqrt. exp, log and the rest are not."""
_NUMPY_NAMES = {
    "math.sqrt": "np.sqrt", "math.fabs": "np.abs", "math.isnan": "np.isnan", "abs": "np.abs", "math.exp": "np.exp",
    "math.log": "np.log", "math.log10": "np.log10", "math.log2": "np.log2", "math.log1p": "np.log1p",
    "math.expm1": "np.expm1", "math.sin": "np.sin", "math.cos": "np.cos", "math.tan": "np.tan", "math.tanh": "np.tanh",
    "math.sinh": "np.sinh", "math.cosh": "np.cosh", "math.atan": "np.arctan", "math.asin": "np.arcsin",
    "math.acos": "np.arccos",
}  # fmt: skip
LEVELS = {"+": ADD, "-": ADD, "*": MUL, "/": MUL, "//": MUL, "%": MUL}
_JUMPS = frozenset("int round math.floor math.ceil // %".split())
"""A last bit more or less makes another result of these."""
_ZEROS = (const(0), const(0.0))


def operation(emitter: Emitter, name: str, args: tuple[Value, ...], *, exact: bool) -> Code:
    emitter.type(Op(name, args))
    if name in COMPARISONS or name in ("and", "or", "not", "truth"):
        return _test(emitter, name, args)
    if name == "**":
        return _power(emitter, args[0], args[1], exact=exact)
    if name == "is-none":
        raise Unclear(None, "kind", "what is compared with None", "a float")
    if exact and name not in _EXACT_FUNCTIONS and name not in LEVELS:
        raise Unclear(None, "inexact-function", name.rpartition(".")[2])
    jumps = name in _JUMPS
    operands = [emitter.array(each, exact=exact or jumps) for each in args]
    if name in LEVELS:
        _check_ints(emitter, name, args, operands)
        return infix(name, LEVELS[name], *operands)
    if name == "neg":
        return Code(f"-{operands[0].at(UNARY)}", operands[0].axes, UNARY)
    if name == "float":
        whole = emitter.type(args[0]) == INT
        if not operands[0].axes:
            return code.called("float", *operands)
        return Code(f"{operands[0].at(ATOM)}.astype(float)", operands[0].axes) if whole else operands[0]
    if name == "int" and operands[0].axes:
        kept = emitter.named("values", args[0], exact=True)
        emitter.back_if(f"not (np.abs({kept.text}) < 2.0**62).all()", "no such int")
        return Code(f"{kept.text}.astype(np.int64)", kept.axes)
    if not operands[0].axes and name in ("abs", "round", "int"):
        return code.called(name, *operands)
    function = _NUMPY_NAMES.get(name) or (name.replace("numpy.", "np.") if name.startswith("numpy.") else None)
    if function is None:
        raise Unclear(None, "expression", name)
    return code.called(function, *operands)


def _check_ints(emitter: Emitter, name: str, args: tuple[Value, ...], operands: list[Code]) -> None:
    """Python's ints do not overflow; sums of positions and bounded scalars do not either."""
    if name == "*" and any(each.axes for each in operands) and emitter.type(Op(name, args)) == INT:
        small = any(isinstance(each, Const) and abs(constant(each)) < 2**20 for each in args)
        if not small or any(isinstance(each, Op) and each.name == "*" for each in args):
            raise Unclear(None, "int-sum", "a product of positions")


def _test(emitter: Emitter, name: str, args: tuple[Value, ...]) -> Code:
    if name == "truth":
        (value,) = args
        if emitter.type(value) not in "fFi":
            raise Unclear(None, "truth-value")
        return infix("!=", COMPARE, emitter.array(value, exact=not zero_test(value, ZERO)), Code("0"))
    if name in COMPARISONS:
        left, right = args
        exact = not (zero_test(left, right) or zero_test(right, left))
        a, b = emitter.array(left, exact=exact), emitter.array(right, exact=exact)
        return infix(name, COMPARE, Code(f"({a.text})", a.axes) if a.level <= COMPARE else a, b)
    operands = [emitter.array(each, exact=True) for each in args]
    arrays = any(each.axes for each in operands)
    if name == "not":
        (one,) = operands
        return Code(f"~{one.at(ATOM)}", one.axes, UNARY) if arrays else Code(f"not {one.at(NOT)}", level=NOT)
    level = (BITAND if name == "and" else BITOR) if arrays else (code.AND if name == "and" else code.OR)
    symbol = ("&" if name == "and" else "|") if arrays else name
    return infix(symbol, level, *operands)


def _power(emitter: Emitter, base: Value, exponent: Value, *, exact: bool) -> Code:
    """Python's ** is the C library's pow: np.float_power is bit-equal, x * x and np.power are not."""
    if not isinstance(exponent, Const):
        raise Unclear(None, "power")
    operand = emitter.array(base, exact=exact)
    if not exact and constant(exponent) == 2:
        operand = emitter.named("step", base) if operand.level < ATOM else operand
        return Code(f"{operand.text} * {operand.text}", operand.axes, MUL)
    if not exact and exponent == const(0.5):
        return code.called("np.sqrt", operand)
    power = emitter.array(exponent, exact=True)
    if not operand.axes:
        return Code(f"{operand.at(ATOM)} ** {power.at(POWER)}", level=POWER)
    return code.called("np.float_power", operand, power)


def zero_test(value: Value, other: Value) -> bool:
    """Is it a sum of squares compared with 0? That is the same in any order of summation."""
    if not isinstance(other, Const) or other.text not in ("0", "0.0", "-0.0"):
        return False
    match value:
        case Op("math.sqrt" | "numpy.sqrt", (inner,)) | Op("**", (inner, Const("float", "0.5"))):
            return zero_test(inner, other)
        case Op("*", (left, right)):
            return zero_test(left, other) and zero_test(right, other) and left == right
        case Red("+", _, init, Op("*", (left, right))):
            return left == right and init in _ZEROS
        case Red("+", _, init, Op("**", (_, Const("int", "2")))):
            return init in _ZEROS
    return False
