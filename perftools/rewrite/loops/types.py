"""The type that Python's own loop would give each value: it decides what the fast path must return."""

from __future__ import annotations

from collections.abc import Mapping

from perftools.rewrite.loops.ir import (
    Arg,
    Const,
    Dim,
    Index,
    Load,
    Member,
    Nothing,
    Op,
    Red,
    Root,
    Scan,
    Value,
    Where,
)
from perftools.rewrite.loops.kinds import RANK, Kind
from perftools.rewrite.loops.refusals import Unclear

FLOAT, NUMPY, INT, BOOL, NUMPY_BOOL, NONE, NO_TERM, ROW = "f F i b B N z row".split()
MIXED, MIXED_BOOL = "mixed", "mixed bool"
_TRUTHS = frozenset((BOOL, NUMPY_BOOL, MIXED_BOOL))
COMPARISONS = frozenset("< <= > >= == !=".split())


def type_of(value: Value, kinds: Mapping[str, Kind]) -> str:
    """One of the letters above. Raises Unclear where an operation has no meaning that we know."""
    match value:
        case Const(kind):
            known = {"float": FLOAT, "int": INT, "bool": BOOL, "NoneType": NONE}
            if kind not in known:
                raise Unclear(None, "expression", value.text)
            return known[kind]
        case Root() | Load():
            return _loaded(value, kinds)
        case Index() | Dim():
            return INT
        case Nothing():
            return NO_TERM
        case Where(_, yes, no):
            return _either(type_of(yes, kinds), type_of(no, kinds))
        case Op(name, args):
            return _op(name, [type_of(each, kinds) for each in args])
        case Member() | Red(kind="any" | "all"):
            return BOOL
        case Red():
            return _red(value, kinds)
        case Scan(kind, _, init, body, inclusive):
            types = type_of(init, kinds), type_of(body, kinds)
            return types[1] if kind == "+" and inclusive and types[1] != INT else _either(*types)
        case Arg(value=chosen):
            return type_of(chosen, kinds)
    raise Unclear(None, "expression", type(value).__name__)


def is_count(value: Red) -> bool:
    """Does it count how often something holds?"""
    return value.kind == "+" and all(
        each in (Const("int", "1"), Nothing()) for each in _branches(value.body)
    ) and isinstance(value.body, Where)  # fmt: skip


def _branches(value: Value) -> list[Value]:
    if isinstance(value, Where):
        return [*_branches(value.yes), *_branches(value.no)]
    return [value]


def _loaded(value: Value, kinds: Mapping[str, Kind]) -> str:
    depth = 0
    while isinstance(value, Load):
        depth, value = depth + 1, value.of
    if not isinstance(value, Root):
        raise Unclear(None, "expression", "[]")
    kind = kinds[value.path]
    if depth != RANK[kind]:
        raise Unclear(None, "row-as-value", value.path)
    return {"list": FLOAT, "rows": FLOAT, "vector": NUMPY, "matrix": NUMPY, "float": FLOAT, "real": MIXED, "int": INT}[
        kind
    ]


def _either(a: str, b: str) -> str:
    if b in (a, NO_TERM):
        return a
    return b if a == NO_TERM else MIXED


def _op(name: str, types: list[str]) -> str:
    if name in ("is-none", "truth", "isnan"):
        return BOOL
    if NONE in types or ROW in types or NO_TERM in types:
        raise Unclear(None, "expression", name)
    if name in ("and", "or", "not"):
        if not set(types) <= _TRUTHS:
            raise Unclear(None, "truth-value")
        return BOOL if name == "not" else types[0] if types[0] == types[1] else MIXED_BOOL
    if name in COMPARISONS:
        return NUMPY_BOOL if NUMPY in types else MIXED_BOOL if MIXED in types else BOOL
    if set(types) & _TRUTHS:
        raise Unclear(None, "int-sum", name)
    if name == "float" or name.startswith("math."):
        return BOOL if name == "math.isnan" else INT if name in ("math.floor", "math.ceil") else FLOAT
    if name.startswith("numpy."):
        return NUMPY_BOOL if name in ("numpy.isnan", "numpy.isfinite") else NUMPY
    if name in ("int", "round"):
        return INT
    if NUMPY in types:
        return NUMPY
    if MIXED in types:
        return MIXED
    return FLOAT if FLOAT in types or name == "/" else INT


def without_zeros(body: Value) -> Value:
    """Adding 0.0 is adding nothing, in value and type, to a sum that does not begin at -0.0."""
    if not isinstance(body, Where):
        return body
    zero = Const("float", "0.0")
    return Where(body.test, *(Nothing() if each == zero else without_zeros(each) for each in (body.yes, body.no)))


def _red(value: Red, kinds: Mapping[str, Kind]) -> str:
    if is_count(value):
        return INT
    body = type_of(without_zeros(value.body) if value.kind == "+" else value.body, kinds)
    init = type_of(value.init, kinds)
    if value.kind in ("+", "*"):
        if body == INT or body in _TRUTHS:
            raise Unclear(None, "int-sum", "the result")
        if value.order == "numpy":
            return NUMPY
        return NUMPY if init == NUMPY else body
    if init in (NO_TERM, NONE):
        return body
    return _either(init, body)
