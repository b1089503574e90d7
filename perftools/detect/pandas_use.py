"""One function's use of pandas: what is done, on which line, on frames of how many rows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from perftools.causes import Entry, Evidence, Facts, LibraryGroup, Place, leaf_diversity, where_of
from perftools.finding import Fact
from perftools.source import Span, Unit

Kind = Literal["rows", "growth", "construction", "small frames"]
"""Rows visited one by one; frames grown piece by piece in a loop; frames built; any other call."""

_ROW_ACCESS = frozenset("iterrows itertuples apply applymap to_dict".split())
_ROW_ACCESS_BY_CALLBACK = frozenset("map agg aggregate transform".split())
"""These visit rows only where they call a function of the user's."""
_ITERATING = frozenset("iterrows itertuples items".split())
"""These are the iterable of the loop that they are named in; any other call there is made once."""
_CONSTRUCTION = frozenset("__init__ from_records from_dict DataFrame Series read_json json_normalize".split())
_GROWTH = frozenset("concat append".split())
_ITEM = frozenset("__getitem__ __setitem__ get _get_value".split())
_FRAMES = frozenset("DataFrame Series".split())
_MASK = re.compile(r"(?<=[\w\])])\[(?:[^\[\]]|\[[^\[\]]*\])*?(?:[=!]=|[<>]|\.isin\(|\.between\()|\.query\(")
"""Rows chosen by a comparison: `df[df.x == y]`, `df.loc[df["x"] > y, "z"]`, `df.query(...)`."""
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
    """Distinct leaf lines in 100 samples, of all that the same request does with pandas."""
    line: int
    """The line to change."""
    span: Span
    """The loop or statement around it."""
    looping: bool
    """Rows are visited in a loop of the function's own."""
    rows: int | None
    """Rows of the largest frame named in the statement to change, None where none was read."""
    masked: bool
    """The line to change searches all rows of a frame by a comparison, and a loop repeats that."""

    @property
    def kind(self) -> Kind:
        """What is done on the line to change."""
        return self.kinds[self.line]

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
        sizes = [fact.sizes[0] for fact in self.frames if fact.sizes and fact.type.name == "DataFrame"]
        largest = self.rows if self.rows is not None else max(sizes, default=0)
        small = largest <= limits["small"]
        return by_row or (self.diversity >= limits["diversity"] and small)


def uses(evidence: Evidence) -> list[Use]:
    """Every function's use of pandas, heaviest first.

    How small the frames are shows in all the lines that one request reaches in pandas: a function that only merges
    shows too few of them by itself.
    """
    groups = [group for group in evidence.libraries if group.package == "pandas"]
    leaves: dict[Place | None, Counter[tuple[str, int]]] = defaultdict(Counter)
    for group in groups:
        leaves[route_of(group, evidence)].update(group.leaves)
    return [_use(group, leaf_diversity(leaves[route_of(group, evidence)]), evidence) for group in groups]


def route_of(group: LibraryGroup, evidence: Evidence) -> Place | None:
    """The handler or task function that leads to most of the group's time."""
    if not group.routes:
        return None
    where = where_of(max(group.routes, key=lambda frame: group.routes[frame]), evidence.code)
    return Place(where.file, where.function)


def _use(group: LibraryGroup, diversity: float, evidence: Evidence) -> Use:
    kinds = {line: _kind_at(line, group, evidence) for line in group.lines}
    line = _headline(group, kinds)
    frames = tuple(_frames(group, evidence))
    return Use(
        group=group,
        kinds=kinds,
        frames=frames,
        diversity=diversity,
        line=line,
        span=_span(line, kinds[line], group, evidence),
        looping=any(kind == "rows" and _loop_at(each, group, evidence) for each, kind in kinds.items()),
        rows=_rows(line, frames, group, evidence),
        masked=_loop_at(line, group, evidence) is not None
        and _MASK.search(_statement(line, group, evidence)) is not None,
    )


def _kind_at(line: int, group: LibraryGroup, evidence: Evidence) -> Kind:
    """What most of a line's pandas time is: rows, growth, construction or small frames."""
    seconds: dict[Kind, float] = {}
    for entry, weight in group.entries.items():
        if entry.line == line:
            kind = _kind(entry, group, evidence)
            seconds[kind] = seconds.get(kind, 0.0) + weight
    return max(seconds, key=lambda kind: seconds[kind]) if seconds else "small frames"


def _kind(entry: Entry, group: LibraryGroup, evidence: Evidence) -> Kind:
    name = entry.function.rpartition(".")[2]
    looping = _loop_at(entry.line, group, evidence) is not None
    calls_back = any(
        each.calls_back for each in group.entries if (each.line, each.function) == (entry.line, entry.function)
    )
    if name in _ROW_ACCESS or (name in _ROW_ACCESS_BY_CALLBACK and calls_back):
        return "rows"
    if looping and (name in _ITEM or entry.file.endswith("/indexing.py")):
        return "rows"
    if looping and name in _GROWTH:
        return "growth"
    return "construction" if name in _CONSTRUCTION else "small frames"


def _loop_at(line: int, group: LibraryGroup, evidence: Evidence) -> Unit | None:
    """The innermost loop of the same function that repeats what a line does; a server's endless one is none.

    What stands in a loop's header is done once, unless it is what the loop iterates.
    """
    model = evidence.code.model_at(group.place.file, line)
    if model is None:
        return None
    iterates = any(entry.line == line and entry.function.rpartition(".")[2] in _ITERATING for entry in group.entries)
    for index in model.units_at(line):
        unit = model.units[index]
        if unit.function != group.place.function:
            continue
        once = unit.kind == "for" and unit.header.covers(line) and unit.span.end_line > unit.header.end_line
        if not once or iterates:
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


def _rows(line: int, frames: Sequence[Fact], group: LibraryGroup, evidence: Evidence) -> int | None:
    """Rows of the largest frame that the statement on a line names."""
    text = _statement(line, group, evidence)
    named = [
        fact.sizes[0]
        for fact in frames
        if fact.type.name == "DataFrame" and fact.sizes and re.search(rf"\b{re.escape(fact.name)}\b", text)
    ]
    return max(named, default=None)


def _statement(line: int, group: LibraryGroup, evidence: Evidence) -> str:
    """The text of the statement on a line, "" where it is not known."""
    model = evidence.code.model_at(group.place.file, line)
    statement = model.statement_at(line) if model is not None else None
    if statement is None:
        return ""
    lines = range(statement.line, statement.end_line + 1)
    return "\n".join(evidence.code.text_at(group.place.file, each) for each in lines)


def _frames(group: LibraryGroup, evidence: Evidence) -> list[Fact]:
    """The frames and series seen under this function's names, most observations first; a loop's own rows are none."""
    model = next((m for line in group.lines if (m := evidence.code.model_at(group.place.file, line))), None)
    function = model.function_at(next(iter(group.lines))) if model is not None else None
    if model is None or function is None:
        return []
    targets = {target for unit in model.units for target in unit.targets}
    facts = Facts(evidence.code.sites(group.place.file, function.span), 0, "")
    rows = [
        Fact(name=name, type=kind, sizes=facts.sizes(name, kind), observations=count)
        for name in facts.names()
        if not name.startswith(("<", ".")) and name not in targets
        for kind, count in facts.types(name)
        if kind.name in _FRAMES
    ]
    return sorted(rows, key=lambda fact: (fact.type.name != "DataFrame", -fact.observations))
