"""One function's use of pandas: what is done, on which line, on frames of how many rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from perftools.causes import Evidence, Facts, LibraryGroup, leaf_diversity
from perftools.finding import Fact
from perftools.source import Span, Unit

Kind = Literal["rows", "growth", "construction", "small frames"]
"""Rows visited one by one; frames grown piece by piece in a loop; frames built; any other call."""

_ROW_ACCESS = frozenset(
    "iterrows itertuples apply applymap map to_dict items iat at loc iloc agg aggregate transform".split()
)
_CONSTRUCTION = frozenset("__init__ from_records from_dict DataFrame Series read_json json_normalize".split())
_GROWTH = frozenset("concat append".split())
_ITEM = frozenset("__getitem__ __setitem__ get _get_value".split())
_FRAMES = frozenset("DataFrame Series".split())
_HEADLINE_SHARE = 0.25
"""Part of the time from which frames grown in a loop, or row access, is named before the rest."""


@dataclass(frozen=True)
class Use:
    """All that one function does with pandas."""

    group: LibraryGroup
    kinds: Mapping[int, Kind]
    """What most of each line's pandas time is."""
    frames: tuple[Fact, ...]
    """Frames and series seen under the function's names."""
    diversity: float
    """Distinct leaf lines in 100 samples."""
    line: int
    """The line to change."""
    span: Span
    """The loop or statement around it."""
    looping: bool
    """Rows are visited in a loop of the function's own."""

    @property
    def kind(self) -> Kind:
        """What is done on the line to change."""
        return self.kinds[self.line]

    @property
    def rows(self) -> int | None:
        """Rows of the smallest frame seen, None where none could be read."""
        return min((fact.sizes[0] for fact in self.frames if fact.sizes), default=None)

    def share_of(self, kind: Kind) -> float:
        """The part of the use's time that goes to one kind."""
        return sum(seconds for line, seconds in self.group.lines.items() if self.kinds[line] == kind) / (
            self.group.weight or 1.0
        )

    def accepted(self, limits: Mapping[str, float]) -> bool:
        """Row by row, or small frames (see the rule's docstring)."""
        by_row = self.share_of("rows") >= limits["rows_share"] and (
            self.looping or self.diversity >= limits["rows_diversity"]
        )
        small = self.rows is None or self.rows <= limits["small"]
        return by_row or (self.diversity >= limits["diversity"] and small)


def use(group: LibraryGroup, evidence: Evidence) -> Use:
    """Understand one function's use of pandas."""
    kinds = {line: _kind_at(line, group, evidence) for line in group.lines}
    line = _headline(group, kinds)
    return Use(
        group=group,
        kinds=kinds,
        frames=tuple(_frames(group, evidence)),
        diversity=leaf_diversity(group.leaves),
        line=line,
        span=_span(line, kinds[line], group, evidence),
        looping=any(kind == "rows" and _loop_at(each, group, evidence) for each, kind in kinds.items()),
    )


def _kind_at(line: int, group: LibraryGroup, evidence: Evidence) -> Kind:
    """What most of a line's pandas time is: rows, growth, construction or small frames."""
    seconds: dict[Kind, float] = {}
    for (at, entry, file), weight in group.entries.items():
        if at == line:
            kind = _kind(entry, file, line, group, evidence)
            seconds[kind] = seconds.get(kind, 0.0) + weight
    return max(seconds, key=lambda kind: seconds[kind]) if seconds else "small frames"


def _kind(entry: str, file: str, line: int, group: LibraryGroup, evidence: Evidence) -> Kind:
    name = entry.rpartition(".")[2]
    indexing = file.endswith("/indexing.py") or (name in ("__getitem__", "__setitem__") and file.endswith("/series.py"))
    looping = _loop_at(line, group, evidence) is not None
    if name in _ROW_ACCESS or (indexing and looping):
        return "rows"
    if name in _ITEM and looping:
        return "rows"
    if name in _GROWTH and looping:
        return "growth"
    if name in _CONSTRUCTION:
        return "construction"
    return "small frames"


def _loop_at(line: int, group: LibraryGroup, evidence: Evidence) -> Unit | None:
    """The innermost loop of the same function around a line, a server's endless one left out."""
    model = evidence.code.model_at(group.place.file, line)
    if model is None:
        return None
    for index in model.units_at(line):
        unit = model.units[index]
        if unit.function == group.place.function:
            return None if unit.service else unit
    return None


def _headline(group: LibraryGroup, kinds: Mapping[int, Kind]) -> int:
    """The line to change: frames grown in a loop before row access before the rest, where they hold a real part."""
    for kind in ("growth", "rows"):
        lines = {line: seconds for line, seconds in group.lines.items() if kinds[line] == kind}
        if sum(lines.values()) >= _HEADLINE_SHARE * group.weight:
            return max(lines, key=lambda line: lines[line])
    return max(group.lines, key=lambda line: group.lines[line])


def _span(line: int, kind: Kind, group: LibraryGroup, evidence: Evidence) -> Span:
    """The loop where rows are visited or frames grown in one, else the statement."""
    unit = _loop_at(line, group, evidence)
    if unit is not None and kind in ("rows", "growth"):
        return unit.span
    model = evidence.code.model_at(group.place.file, line)
    statement = model.statement_at(line) if model is not None else None
    return statement or Span(line, 0, line, 0)


def _frames(group: LibraryGroup, evidence: Evidence) -> list[Fact]:
    """The frames and series seen under this function's names, largest number of observations first."""
    function = _function_span(group, evidence)
    if function is None:
        return []
    facts = Facts(evidence.code.sites(group.place.file, function), 0, "")
    rows = [
        Fact(name=name, type=kind, sizes=facts.sizes(name, kind), observations=count)
        for name in facts.names()
        if not name.startswith(("<", "."))
        for kind, count in facts.types(name)
        if kind.name in _FRAMES
    ]
    return sorted(rows, key=lambda fact: (fact.type.name != "DataFrame", -fact.observations))


def _function_span(group: LibraryGroup, evidence: Evidence) -> Span | None:
    for line in group.lines:
        model = evidence.code.model_at(group.place.file, line)
        function = model.function_at(line) if model is not None else None
        if function is not None:
            return function.span
    return None
