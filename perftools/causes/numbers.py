"""Is what a loop works on a container of numbers, and how many of them?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Literal

from perftools.causes.code import Facts
from perftools.finding import Fact
from perftools.record import Type
from perftools.source import Unit

Content = Literal["float", "int", "mixed", ""]
"""What a container holds; "mixed": floats among other things."""

_FLOATS = frozenset("float float16 float32 float64 longdouble double half".split())
_INTEGERS = frozenset("int bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_".split())
_TUPLE = "tuple"


def scalar(kind: Type) -> Content:
    """What kind of number an object of this type is, "" for none."""
    if kind.name in _FLOATS:
        return "float"
    return "int" if kind.name in _INTEGERS else ""


def content(kind: Type, fields: frozenset[str] = frozenset()) -> Content:
    """What numbers a container holds; "" where it is no container of numbers.

    `fields`: the attributes and keys that the loop reads. Records count where at least two of the fields read are
    numbers, one of them a float, and no more of them are anything else. One element in ten may be None. Integers in an
    ndarray are data (pixels, ids), not counters: they count like floats.
    """
    if kind.name == "ndarray":
        return "float" if kind.dtype[:1] in ("f", "i", "u", "c") else ""
    if kind.name == "array":
        return "float" if kind.dtype in ("f", "d") else "int"
    if kind.fields:
        return _record(kind, fields)
    found = [scalar(item) or content(item, fields) for item in kind.items if item.name != "NoneType"]
    if not found or not all(found) or "mixed" in found:
        return "mixed" if "float" in found or "mixed" in found else ""
    return "float" if "float" in found else "int"


def _record(kind: Type, fields: frozenset[str]) -> Content:
    read = [(name, item) for name, item in kind.fields if kind.name == _TUPLE or name in fields]
    numbers = [number for _, item in read if (number := scalar(item) or content(item, fields))]
    if any(content(item, fields) == "float" for _, item in read):
        return "float"
    if len(numbers) >= 2 and "float" in numbers and 2 * len(numbers) >= len(read):
        return "float"
    return "mixed" if "float" in numbers or any(scalar(item) == "float" for item in kind.items) else ""


@dataclass(frozen=True)
class Container:
    """A container of numbers that a loop iterates or subscripts."""

    name: str
    type: Type
    sizes: tuple[int, ...]
    observations: int
    content: Content
    trips: int | None = None
    """How often the loop goes round, where the container is only looked into (`weights[key]`) and that is known."""
    indices: int = 1
    """How many indices it is looked into with: 2 for m[i][j]."""

    @property
    def elements(self) -> int:
        """Numbers that one run of the loop takes: all, flattened, or a row for each trip; records count once."""
        if not self.sizes:
            return 0
        depth, kind = 1, self.type
        while kind.items and (kind.items[0].items or kind.items[0].name == "ndarray") and not kind.items[0].fields:
            depth, kind = depth + 1, kind.items[0]
        if kind.name == "ndarray":
            depth = len(self.sizes)
        whole = prod(self.sizes[:depth])
        return whole if self.trips is None else min(whole, self.trips * prod(self.sizes[self.indices : depth]))

    @property
    def runs(self) -> int:
        """How often the loop goes round for it: its length, or the loop's own trips where it is only looked into."""
        return self.trips if self.trips is not None else self.sizes[0] if self.sizes else 0

    def fact(self) -> Fact:
        """The same, for the report."""
        return Fact(name=self.name, type=self.type, sizes=self.sizes, observations=self.observations)


def containers(unit: Unit, facts: Facts) -> list[Container]:
    """The number containers that a loop iterates (by name or by its iterator) or subscripts, largest first.

    Mixed ones (floats among other things) count where at least half of the loop's targets and operands are floats.
    """
    found: list[Container] = []
    trips = _trips(unit, facts)
    floats = mostly_floats(unit, facts)
    for name in facts.names():
        iterated = name.startswith(("<iter", ".")) or name in unit.iterates
        if not iterated and name not in unit.subscripts:
            continue
        for kind, count in facts.types(name):
            sliced = name in unit.slices  # `range(0, len(a), step)` names `a`, and its body takes `a[i : i + step]`
            if kind.name == "ndarray" and (sliced or not iterated) and not _by_element(unit, facts, name):
                continue
            numbers = content(kind, unit.fields)
            if numbers and (numbers != "mixed" or floats):
                sizes, indices = facts.sizes(name, kind), unit.subscripts.get(name, 1)
                found.append(Container(name, kind, sizes, count, numbers, None if iterated else trips, indices))
    return sorted(found, key=lambda container: -container.elements)


def _trips(unit: Unit, facts: Facts) -> int | None:
    """How often the loop goes round: the length of what its iterator, or the name it iterates, was seen to be."""
    if unit.kind == "while":
        return None
    for name in (f"<iter {unit.depth}>", ".0", *unit.iterates):
        lengths = [sizes[0] for kind, _ in facts.types(name) if (sizes := facts.sizes(name, kind))]
        if lengths:
            return max(lengths)
    return None


def _by_element(unit: Unit, facts: Facts, name: str) -> bool:
    """Is this array read one element at a time (`a[i]`), and not by slice, mask or index array?"""
    if name in unit.slices:
        return False
    indexed = [kind for target in unit.targets for kind, _ in facts.types(target)]
    return unit.kind == "while" or any(scalar(kind) == "int" for kind in indexed)


def mostly_floats(unit: Unit, facts: Facts, least: int = 2) -> bool:
    """Are at least half of the loop's targets and operands floats, by what was seen of at least so many of them?"""
    kinds = [kinds[0][0] for name in {*unit.targets, *unit.operands} if (kinds := facts.types(name))]
    return len(kinds) >= least and 2 * sum(scalar(kind) == "float" for kind in kinds) >= len(kinds)


def whole_array(names: Iterable[str], facts: Facts) -> int:
    """Median size of the arrays among these names, 0 where there is none."""
    sizes = sorted(
        prod(facts.sizes(name, kind)) for name in names for kind, _ in facts.types(name) if kind.name == "ndarray"
    )
    return sizes[len(sizes) // 2] if sizes else 0
