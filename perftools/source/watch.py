"""Which names of a function are worth reading in the running target."""

from __future__ import annotations

from typing import NamedTuple

from perftools.record import Source
from perftools.source.reader import read

_MOST_PATHS = 24
_MOST_FIELDS = 48


class Watch(NamedTuple):
    """What to read in a frame that stands inside these lines."""

    file: str
    first_line: int
    end_line: int
    paths: tuple[str, ...]
    """NAME(.ATTR)*: containers, loop targets, operands and arguments of the loops."""
    fields: tuple[str, ...]
    """Attributes and string keys whose types matter inside records and instances."""


def watch(source: Source, *, assigned: bool = False) -> Watch:
    """The names of all loops in the source, containers first.

    `assigned`: also the parameters and whatever else its functions assign: frames and arrays that a library works on.
    """
    model = read(source)
    containers: dict[str, None] = {}
    others: dict[str, None] = {}
    fields: dict[str, None] = {}
    for unit in model.units:
        if unit.service:
            continue
        containers.update(dict.fromkeys((*unit.iterates, *unit.subscripts)))
        others.update(dict.fromkeys((*unit.targets, *unit.operands, *unit.arguments)))
        fields.update(dict.fromkeys(sorted(unit.fields)))
    for function in model.functions:
        others.update(dict.fromkeys(function.whole))
    if assigned:
        for function in model.functions:
            others.update(dict.fromkeys(function.names))
    paths = list(containers) + [name for name in others if name not in containers]
    return Watch(
        file=source.file,
        first_line=source.first_line,
        end_line=source.first_line + source.text.count("\n"),
        paths=tuple(paths[:_MOST_PATHS]),
        fields=tuple(list(fields)[:_MOST_FIELDS]),
    )
