"""Types and sizes of what the hot lines work on; never values."""

from __future__ import annotations

from perftools.record.part import Cost, Part, require

_DEEPEST_TYPE = 16
"""Containers inside one another; our own walks go down a few."""


class Type(Part, frozen=True, kw_only=True):
    """What an object is, read from the target's memory; never its value.

    `list[float]` is Type(name="list", items=(Type(name="float"),)). For mixed containers `items` holds every element
    type that made up >= 10 % of the elements read, most frequent first. `fields` are the attributes, string keys or
    tuple positions that the source names: dict records, instances, mixed tuples.
    """

    name: str
    dtype: str = ""
    """ndarray "f8", "i4", …; array.array type code."""
    order: str = ""
    """ndarray: "C", "F" or "" (neither)."""
    keys: tuple[Type, ...] = ()
    items: tuple[Type, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        if self.name in ("ndarray", "array"):
            inside = ", ".join(part for part in (self.dtype, self.order) if part)
        elif self.fields:
            inside = ", ".join(f"{name}: {kind}" for name, kind in self.fields)
            return f"{self.name}({inside})"
        else:
            items = " | ".join(str(item) for item in self.items)
            keys = " | ".join(str(key) for key in self.keys)
            inside = ", ".join(part for part in (keys, items) if part)
        return f"{self.name}[{inside}]" if inside else self.name


class Seen(Part, frozen=True, kw_only=True):
    """One name at one place, and what it was found to be: one row for each type that was seen under it."""

    name: str
    """A path as the source writes it ("rows", "self.weights", "row['x']"), or an iterator of the running loops:
    "<iter 0>" is the outermost one's container, ".0" a comprehension's or generator's."""
    type: Type
    sizes: tuple[int, ...]
    """Length, or shape, by nesting depth; median over the observations."""
    count: int
    """Observations of this type under this name at this place."""
    same: bool = False
    """Every observation was at one address: refutes "made anew per request" for parameters and attributes only."""


class Position(Part, frozen=True, kw_only=True):
    """Where inside a line the leaf frame stood, from the code object's position table (3.11 on)."""

    line: int
    end_line: int
    column: int
    end_column: int
    calling: bool
    """The instruction is a call: the time is spent inside C."""
    count: int


class Site(Part, frozen=True, kw_only=True):
    """All that the walks saw while one line of one function was executing (itself or a callee)."""

    file: str
    function: str
    """co_name, or co_qualname where the version has it."""
    first_line: int
    """co_firstlineno: compared with the source to notice that it differs."""
    line: int
    walks: int
    """Walks whose frame stood on this line and was read."""
    seen: tuple[Seen, ...]
    positions: tuple[Position, ...]


class Values(Part, frozen=True, kw_only=True, tag="values"):
    """Types and sizes of what the hot lines work on, from our own frame walks; no values."""

    cost: Cost
    walks: int
    failed: int
    """Walks that were refused by a check (the target ran on meanwhile)."""
    sites: tuple[Site, ...]


def check_values(values: Values) -> None:
    """Raise msgspec.ValidationError where a type is deeper than our own walks go."""
    for site in values.sites:
        for name in site.seen:
            require(_shallow(name.type), f"values: the type of {name.name!r} is nested too deep")


def _shallow(kind: Type) -> bool:
    level = [kind]
    for _ in range(_DEEPEST_TYPE):
        level = [inner for each in level for inner in (*each.keys, *each.items, *(field for _, field in each.fields))]
        if not level:
            return True
    return False
