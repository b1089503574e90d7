"""Types as the report prints them, read back: "ndarray[f8, C]", "list[float | int]", "dict[str, list[float]]"."""

from __future__ import annotations

from perftools.record import Type

_ARRAYS = ("ndarray", "array")


def kind(text: str) -> Type:
    """The inverse of `str(record.Type)`, fields left aside. Raises ValueError."""
    found, rest = _one(text.replace(" ", ""))
    if rest:
        raise ValueError(f"{text!r} is no type as the report prints it: {rest!r} is left over")
    return found


def _one(text: str) -> tuple[Type, str]:
    length = next((index for index, letter in enumerate(text) if letter in "[],|"), len(text))
    name, rest = text[:length], text[length:]
    if not name:
        raise ValueError(f"a type's name is missing before {rest!r}")
    if not rest.startswith("["):
        return Type(name=name), rest
    groups: list[list[Type]] = [[]]
    rest = rest[1:]
    while True:
        inner, rest = _one(rest)
        groups[-1].append(inner)
        if rest[:1] == ",":
            groups.append([])
        elif rest[:1] == "]":
            break
        elif rest[:1] != "|":
            raise ValueError(f"{text!r} has no closing bracket")
        rest = rest[1:]
    if name in _ARRAYS:
        words = [group[0].name for group in groups]
        order = next((word for word in words if word in ("C", "F")), "")
        return Type(name=name, dtype=next((word for word in words if word != order), ""), order=order), rest[1:]
    keys = tuple(groups[0]) if len(groups) > 1 else ()
    return Type(name=name, keys=keys, items=tuple(groups[-1])), rest[1:]
