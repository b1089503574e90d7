"""What walks see, place by place: counted, so that the caller can let the observations vote."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median_low
from typing import NamedTuple

from perftools.record import Position, Seen, Site, Type

_MAX_ROWS = 64
"""Types kept under one name at one place; more are noise."""
_MAX_SIZES = 256


class Spot(NamedTuple):
    """One line of one function."""

    file: str
    function: str
    first_line: int
    line: int


class Place(NamedTuple):
    """Where an innermost frame stood."""

    line: int
    end_line: int
    column: int
    end_column: int
    calling: bool


@dataclass
class _Row:
    """One type under one name: variants that differ in the order of their parts alone count together."""

    types: Counter[Type] = field(default_factory=Counter)
    sizes: Counter[tuple[int, ...]] = field(default_factory=Counter)
    count: int = 0


@dataclass
class _Name:
    rows: dict[object, _Row] = field(default_factory=dict)
    addresses: dict[int, int] = field(default_factory=dict)
    """By process: where the object was first."""
    moved: bool = False


class Sightings:
    """Everything that the walks of all workers saw on one line of one function."""

    def __init__(self) -> None:
        self.walks = 0
        self._names: dict[str, _Name] = {}
        self._places: Counter[Place] = Counter()

    def saw(self, pid: int, name: str, address: int, type_: Type, sizes: tuple[int, ...]) -> None:
        """One observation of one name: the object at `address` in the process."""
        known = self._names.setdefault(name, _Name())
        known.moved = known.moved or known.addresses.setdefault(pid, address) != address
        key = _unordered(type_)
        if key not in known.rows and len(known.rows) >= _MAX_ROWS:
            return
        row = known.rows.setdefault(key, _Row())
        row.count += 1
        row.types[type_] += 1
        if sizes in row.sizes or len(row.sizes) < _MAX_SIZES:
            row.sizes[sizes] += 1

    def stood(self, place: Place) -> None:
        """The innermost frame stood there once."""
        self._places[place] += 1

    def site(self, spot: Spot) -> Site:
        """All of it, as it is recorded."""
        return Site(
            file=spot.file,
            function=spot.function,
            first_line=spot.first_line,
            line=spot.line,
            walks=self.walks,
            seen=tuple(
                Seen(
                    name=name,
                    type=row.types.most_common(1)[0][0],
                    sizes=_median(row.sizes),
                    count=row.count,
                    same=not known.moved,
                )
                for name, known in self._names.items()
                for row in sorted(known.rows.values(), key=lambda row: -row.count)
            ),
            positions=tuple(Position(**place._asdict(), count=count) for place, count in self._places.most_common()),
        )


def _unordered(type_: Type) -> object:
    """What two types have in common that were read from different samples of like elements."""
    return (
        type_.name,
        type_.dtype,
        type_.order,
        frozenset(map(_unordered, type_.keys)),
        frozenset(map(_unordered, type_.items)),
        frozenset((name, _unordered(part)) for name, part in type_.fields),
    )


def _median(sizes: Counter[tuple[int, ...]]) -> tuple[int, ...]:
    """The median by depth, over the sizes of the most frequent depth."""
    depths: Counter[int] = Counter()
    for size, count in sizes.items():
        depths[len(size)] += count
    depth = depths.most_common(1)[0][0]
    rows = [size for size, count in sizes.items() for _ in range(count) if len(size) == depth]
    return tuple(median_low(lengths) for lengths in zip(*rows, strict=True))
