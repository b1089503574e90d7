"""Which operations of the source are number work, and which speak against it.

The lists decide what counts as evidence for or against "an array would do this": see `perftools.detect.list_hot_path`.
"""

from __future__ import annotations

import libcst as cst

from perftools.source.model import OperationKind
from perftools.source.syntax import callee, is_constant, is_text, path

MATH = frozenset(
    "abs exp expm1 log log2 log10 log1p sqrt pow sin cos tan asin acos atan atan2 sinh cosh tanh hypot fabs fsum fma "
    "dist prod dot sumprod fmean mean pstdev stdev variance pvariance median round".split()
)
REDUCERS = frozenset("sum min max reduce fsum prod".split())
ITERATING = frozenset("map filter reduce sum min max sorted nlargest nsmallest any all starmap accumulate sort".split())
"""Calls that are loops themselves where they are given an iterable."""
STATISTICS = frozenset("mean fmean median stdev pstdev variance pvariance".split())
OPERATORS = frozenset("mul add sub truediv pow".split())
TEXT = frozenset(
    "split rsplit strip lstrip rstrip lower upper title capitalize join startswith endswith replace format encode "
    "decode find rfind partition rpartition casefold isdigit isalpha isalnum isspace isupper zfill ljust rjust center "
    "translate splitlines match fullmatch search sub findall finditer compile str repr ord chr".split()
)
QUEUE = frozenset("pop popleft appendleft heappush heappop heapify heapreplace heappushpop put put_nowait".split())
REFLECTION = frozenset("isinstance issubclass getattr hasattr setattr type callable".split())
WAITS = frozenset("sleep accept recv recvfrom recv_into poll wait select acquire read_message receive".split())
"""Calls that wait, whatever their arguments."""
WAITS_WITHOUT_ARGUMENTS = frozenset("get join result".split())
"""Calls that wait where they are given nothing but a time limit."""
NUMPY = ("np.", "numpy.")

_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)
_ARITHMETIC_ASSIGN = (cst.AddAssign, cst.SubtractAssign, cst.MultiplyAssign, cst.DivideAssign, cst.PowerAssign)
_BITS = (cst.BitAnd, cst.BitOr, cst.BitXor, cst.LeftShift, cst.RightShift)
_BITS_ASSIGN = (
    cst.BitAndAssign,
    cst.BitOrAssign,
    cst.BitXorAssign,
    cst.LeftShiftAssign,
    cst.RightShiftAssign,
)


def waits(name: str, positional: int, keywords: frozenset[str]) -> bool:
    """Would this call wait? `q.get()` and `thread.join()` do, `mapping.get(key)` and `", ".join(parts)` do not."""
    if name in WAITS:
        return True
    return name in WAITS_WITHOUT_ARGUMENTS and positional == 0 and keywords <= {"timeout", "block", "timeout_s"}


def operation(node: cst.CSTNode, *, in_index: bool = False) -> OperationKind | None:
    """What a node is evidence of; None for the many that are evidence of nothing.

    Inside a subscript `+`, `-` and `*` find a place and are no number work; a division or a logarithm (a bucket's
    number) is.
    """
    match node:
        case cst.BinaryOperation():
            kind = _binary(node)
            return None if in_index and not isinstance(node.operator, cst.Divide | cst.Power) else kind
        case cst.AugAssign():
            if isinstance(node.operator, _BITS_ASSIGN):
                return "bits"
            if is_text(node.value):
                return "text"
            if isinstance(node.operator, _ARITHMETIC_ASSIGN) and not is_constant(node.value):
                return "arithmetic"
        case cst.UnaryOperation(operator=cst.BitInvert()):
            return "bits"
        case cst.FormattedString():
            return "text"
        case cst.Comparison():
            return _comparison(node)
        case cst.Call():
            return _call(node)
        case cst.Try() | cst.TryStar() | cst.Raise():
            return "exception"
        case cst.AssignTarget(target=cst.Attribute()):
            return "store"
    return None


def _binary(node: cst.BinaryOperation) -> OperationKind | None:
    if isinstance(node.operator, _BITS):
        return "bits"
    if is_text(node.left) or is_text(node.right):
        return "text"
    if isinstance(node.operator, cst.FloorDivide | cst.Modulo):
        return "integer"
    if not isinstance(node.operator, _ARITHMETIC):
        return None
    for side in (node.left, node.right):
        if isinstance(side, cst.List | cst.Tuple | cst.ListComp):
            return None
        if isinstance(side, cst.Call) and callee(side)[0] in ("len", "list", "tuple"):
            return None
    counting = isinstance(node.operator, cst.Add | cst.Subtract) and (
        isinstance(node.left, cst.Integer) or isinstance(node.right, cst.Integer)
    )
    return None if counting else "arithmetic"


def _comparison(node: cst.Comparison) -> OperationKind | None:
    for part in node.comparisons:
        if isinstance(part.operator, cst.In | cst.NotIn):
            return "membership"
        if is_text(part.comparator):
            return "text"
    return "text" if is_text(node.left) else None


def _call(node: cst.Call) -> OperationKind | None:
    name, dotted = callee(node)
    method = isinstance(node.func, cst.Attribute)
    if dotted.startswith(NUMPY) or name in REDUCERS or name in MATH:
        return "arithmetic"
    if any(path(argument.value).rpartition(".")[2] in OPERATORS for argument in node.args) and (
        name in ("map", "reduce", "starmap", "accumulate")
    ):
        return "arithmetic"
    if name in TEXT and (method or name in ("str", "repr", "ord", "chr")):
        return "text"
    if name in QUEUE:
        return "queue"
    if name in REFLECTION and not method:
        return "reflection"
    if method and ((name == "get" and node.args) or name == "setdefault"):
        return "lookup"
    return None
