"""What recorded calls tell of a function's parameters: types that all of them agree on, and the size."""

from __future__ import annotations

import statistics
from typing import Any

from perftools.record import Type
from perftools.rewrite.calls import Call, Calls
from perftools.rewrite.rewriting import Known
from perftools.rewrite.values import Opaque

_LOOKED_AT = 200
"""Elements of a container, spread over its length."""


def known(recorded: Calls) -> Known:
    """Facts of the parameters as "function.name", and the median of the calls' longest dimensions."""
    function = recorded.function.partition(":")[2]
    seen: dict[str, set[Type]] = {}
    for each in recorded.calls:
        for name, value in _named(recorded.start.names, each):
            seen.setdefault(name, set()).add(type_of(value))
    facts = {f"{function}.{name}": next(iter(types)) for name, types in seen.items() if len(types) == 1}
    sizes = [size for each in recorded.calls if (size := _longest(each)) is not None]
    return Known(facts, statistics.median_low(sizes) if sizes else None)


def type_of(value: Any) -> Type:
    """The type as an audit would tell it: of containers the elements' types too, the most frequent first."""
    kind = type(value)
    if isinstance(value, Opaque):
        return Type(name=value.type.rpartition(".")[2])
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        order = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else ""
        return Type(name="ndarray", dtype=value.dtype.str.lstrip("<|="), order=order)
    if kind is dict:
        return Type(name="dict", keys=_types(list(value)), items=_types(list(value.values())))
    if kind in (list, tuple, set, frozenset):
        return Type(name=kind.__name__, items=_types(list(value)))
    return Type(name=kind.__name__)


def _types(items: list[Any]) -> tuple[Type, ...]:
    step = max(1, len(items) // _LOOKED_AT)
    found = [type_of(each) for each in items[::step]]
    return tuple(sorted(dict.fromkeys(found), key=found.count, reverse=True))


def _named(names: tuple[str, ...], recorded: Call) -> list[tuple[str, Any]]:
    args, kwargs = recorded.arguments()
    return [*zip(names, args, strict=False), *kwargs.items()]


def _longest(recorded: Call) -> int | None:
    """The longest dimension of any argument; None where none has a length."""
    args, kwargs = recorded.arguments()
    lengths: list[int] = []
    for each in (*args, *kwargs.values()):
        if isinstance(each, Opaque | str | bytes):
            continue
        shape = getattr(each, "shape", None)
        lengths += shape or ([len(each)] if hasattr(each, "__len__") else [])
    return max(lengths, default=None)
