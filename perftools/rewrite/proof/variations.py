"""Inputs shaped like a recorded call: full size, one spot changed.

Ordinary inputs find few wrong rewrites, and small odd ones never reach a fast path behind a size guard. So one element
in the middle becomes an int, None, NaN or a huge number; a row is cut short; a container becomes another kind; an array
is strided, read-only, float32 or empty; two arguments are one object; the rows are permutations of each other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from perftools.rewrite.proof.replacements import is_array, is_pandas, replacements

Path = tuple[Any, ...]
_DEEPEST = 3


class Case(NamedTuple):
    """One call to try."""

    says: str
    """What was changed: "argument 1, element 150: NaN"."""
    args: tuple[Any, ...]


def variations(make: Callable[[], Sequence[Any]]) -> Iterator[Case]:
    """Cases made from fresh arguments of one recorded call; the most telling ones of each spot first."""
    spots = [(path, list(replacements(value))) for path, value in _spots(make())]
    for turn in range(max((len(found) for _, found in spots), default=0)):
        for path, found in spots:
            if turn < len(found):
                says, replace = found[turn]
                args = list(make())
                yield Case(f"{_where(path)}: {says}", tuple(_put(args, path, replace(_at(args, path)))))
    yield from _joint(make)


def edit(values: Sequence[Any]) -> bool:
    """Change something inside the first value that can be changed in place, as a caller may; whether there was one."""
    return any(_edit(value) for value in values)


def _edit(value: Any) -> bool:
    if type(value) is list and value:
        middle = len(value) // 2
        if not _edit(value[middle]):
            value[middle] = value[middle] + 1 if isinstance(value[middle], int | float) else value[0]
        return True
    if type(value) is dict and value:
        key = list(value)[len(value) // 2]
        if not _edit(value[key]):
            value[key] = value[key] + 1 if isinstance(value[key], int | float) else None
        return True
    if is_array(value) and value.size and value.flags.writeable and value.dtype.kind in "iuf":
        value.flat[value.size // 2] += 1
        return True
    if is_pandas(value, "DataFrame") and value.size and value.dtypes.iloc[0].kind in "iuf":
        value.iloc[len(value) // 2, 0] += 1
        return True
    return False


def _joint(make: Callable[[], Sequence[Any]]) -> Iterator[Case]:
    """Changes that take more than one spot."""
    plain = list(make())
    yield from _alike(make, plain)
    for at, value in enumerate(plain):
        for other in range(at):
            if type(value) is type(plain[other]) and (isinstance(value, list | dict) or is_array(value)):
                args = list(make())
                args[at] = args[other]
                yield Case(f"arguments {other + 1} and {at + 1} are one object", tuple(args))
        if _is_matrix(value):
            args = [_constant(each) for each in make()]
            args[at] = _permuted_rows(list(make())[at])
            yield Case(f"argument {at + 1}: its rows are permutations of one, the other floats 0.1", tuple(args))


def _alike(make: Callable[[], Sequence[Any]], plain: Sequence[Any]) -> Iterator[Case]:
    """The same change to all arrays, or to all lists: guards often compare one argument with another."""
    for kind in {type(value) for value in plain}:
        places = [at for at, value in enumerate(plain) if type(value) is kind]
        if len(places) > 1:
            ways = [dict(replacements(plain[at])) for at in places]
            for says in [each for each in ways[0] if all(each in way for way in ways)]:
                args = list(make())
                for at, way in zip(places, ways, strict=True):
                    args[at] = way[says](args[at])
                yield Case(f"arguments {', '.join(str(at + 1) for at in places)}: {says}", tuple(args))


def _spots(args: Sequence[Any]) -> Iterator[tuple[Path, Any]]:
    """Arguments, and the middle of what they contain."""
    pending: list[tuple[Path, Any]] = [((at,), value) for at, value in enumerate(args)]
    while pending:
        path, value = pending.pop(0)
        yield path, value
        if len(path) <= _DEEPEST and isinstance(value, list | tuple) and value:
            pending.append(((*path, len(value) // 2), value[len(value) // 2]))
        elif len(path) <= _DEEPEST and type(value) is dict:
            if len(value) <= 8:  # a record: each field is a spot
                pending += [((*path, key), each) for key, each in value.items()]
            else:
                key = list(value)[len(value) // 2]
                pending.append(((*path, key), value[key]))


def _is_matrix(value: Any) -> bool:
    if is_array(value):
        return bool(value.ndim == 2 and value.dtype.kind == "f" and value.size)
    return (
        type(value) is list
        and len(value) > 1
        and all(type(row) is list and row and all(type(each) is float for each in row) for row in value)
    )


def _permuted_rows(value: Any) -> Any:
    """Sums of such rows are equal, and one in another order is not: what decides between them shows it."""
    drawn = random.Random(3)  # noqa: S311 (an order)
    if is_array(value):
        for at in range(1, len(value)):
            value[at] = [value[0][each] for each in drawn.sample(range(value.shape[1]), value.shape[1])]
        return value
    return [value[0], *(drawn.sample(value[0], len(value[0])) for _ in value[1:])]


def _constant(value: Any) -> Any:
    if type(value) is list and value and all(type(each) is float for each in value):
        return [0.1] * len(value)
    if is_array(value) and value.dtype.kind == "f":
        value[...] = 0.1
    return value


def _at(values: Any, path: Path) -> Any:
    for key in path:
        values = values[key]
    return values


def _put(values: Any, path: Path, value: Any) -> Any:
    """The container with a value at a path, in place where it can be changed."""
    if not path:
        return value
    inner = _put(values[path[0]], path[1:], value)
    if isinstance(values, tuple):
        return (*values[: path[0]], inner, *values[path[0] + 1 :])
    values[path[0]] = inner
    return values


def _where(path: Path) -> str:
    return f"argument {path[0] + 1}" + "".join(f"[{key!r:.40}]" for key in path[1:])
