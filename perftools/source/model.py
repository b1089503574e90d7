"""What a function's text says: its loops, what they iterate and compute, and the calls in it. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

OperationKind = Literal[
    "arithmetic", "integer", "text", "bits", "exception", "membership", "queue", "store", "reflection", "lookup"
]


class Span(NamedTuple):
    """A stretch of the file: lines from 1, columns from 0 (characters), end exclusive in its column."""

    line: int
    column: int
    end_line: int
    end_column: int

    def covers(self, line: int) -> bool:
        """Does the span touch this line?"""
        return self.line <= line <= self.end_line

    def contains(self, other: Span) -> bool:
        """Does the other span lie inside this one?"""
        return self[:2] <= other[:2] and other[2:] <= self[2:]

    @property
    def size(self) -> tuple[int, int]:
        """Orders spans that contain one another: the innermost is smallest."""
        return self.end_line - self.line, self.end_column - self.column


class Operation(NamedTuple):
    """One operation of the source that tells number work from other work."""

    kind: OperationKind
    span: Span


class Call(NamedTuple):
    """One call."""

    span: Span
    name: str
    """Last component: "append" of np.append."""
    path: str
    """Dotted as written, "np.append"; "" where the callee is no plain name."""
    positional: int
    keywords: frozenset[str]


class Import(NamedTuple):
    """A name that an import binds, and what it stands for: ("tidy", "gc.collect")."""

    name: str
    target: str


class Carried(NamedTuple):
    """Something that one iteration (or call) takes from the one before it."""

    reason: str
    lines: frozenset[int]
    """Where it is handed on; a line that never runs hands nothing on."""


UnitKind = Literal["for", "while", "comprehension", "generator", "call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One loop: a statement, a comprehension, or a call that iterates (sum, sorted, map, …)."""

    kind: UnitKind
    span: Span
    header: Span
    """What is evaluated to get the next element; for calls the whole call."""
    parent: int | None
    """Index of the loop around it in the same function."""
    function: str
    """Qualified name of the innermost named function around it."""
    depth: int
    """How many `for` loops of the same code object lie around it: its iterator's place on the value stack."""
    iterates: tuple[str, ...]
    targets: tuple[str, ...]
    subscripts: Mapping[str, int]
    """Names read or written at one place, or by .get(key): with the number of indices, 2 for m[i][j]."""
    slices: tuple[str, ...]
    """Names taken by slice: whole pieces, not elements."""
    operands: tuple[str, ...]
    arguments: tuple[str, ...]
    """Names handed whole to a numpy function inside the loop."""
    once: tuple[Span, ...]
    """What is evaluated once, before the first iteration: the iterable."""
    fields: frozenset[str]
    names: frozenset[str]
    """Every name and attribute that it mentions: a callee must be among them."""
    carried: tuple[Carried, ...]
    """What one iteration needs of the one before it."""
    worklist: frozenset[str]
    """Containers that it both takes work from and adds work to."""
    service: bool
    """A server's or worker's endless loop: climbing stops here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A named function inside the text (the outermost one, or one nested in it)."""

    name: str
    span: Span
    carried: tuple[Carried, ...]
    """What a call needs of the one before it: state kept on attributes."""
    yields: bool
    """A generator function: its body runs while somebody iterates."""
    names: tuple[str, ...]
    """What methods are called on, parameters, and assigned names."""
    whole: tuple[str, ...]
    """Names that it computes with or hands to numpy, and does not subscript."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The whole text of one `record.Source`, understood as far as the rules need it."""

    functions: tuple[Function, ...] = ()
    units: tuple[Unit, ...] = ()
    calls: tuple[Call, ...] = ()
    operations: tuple[Operation, ...] = ()
    statements: tuple[Span, ...] = ()
    """Simple statements and the headers of compound ones."""
    imports: tuple[Import, ...] = ()
    """Absolute imports, of whole modules and of names."""

    def function_at(self, line: int) -> Function | None:
        """The innermost named function around a line."""
        around = [function for function in self.functions if function.span.covers(line)]
        return min(around, key=lambda function: function.span.size, default=None)

    def units_at(self, line: int) -> list[int]:
        """Indices of the loops around a line, innermost first."""
        around = [index for index, unit in enumerate(self.units) if unit.span.covers(line)]
        return sorted(around, key=lambda index: self.units[index].span.size)

    def calls_at(self, line: int) -> list[Call]:
        """The calls that touch a line."""
        return [call for call in self.calls if call.span.covers(line)]

    def statement_at(self, line: int) -> Span | None:
        """The innermost statement around a line."""
        around = [span for span in self.statements if span.covers(line)]
        return min(around, key=lambda span: span.size, default=None)
