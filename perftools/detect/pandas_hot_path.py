"""pandas-hot-path: pandas used row by row, or on small frames, in each request.

What it finds. A function that spends its time in pandas' own Python code: rows visited one by one (iterrows, apply,
loc/iloc/at in a loop, to_dict), or frames built, concatenated, merged, sorted or grouped that are so small that the
fixed cost of a pandas call (25-320 µs) outweighs the work on the data.

How. Samples are charged to the user line that entered pandas, callbacks below included. Small frames spend their time
all over pandas' code, large ones in a few lines that call C: the number of distinct leaf lines in 100 samples tells
them apart (measured: 27-37 for large frames, 50-81 for small ones, 31-57 for row access).

What it leaves alone. A few operations on large frames, and pandas at start-up.

What to do. Take the values out once (`to_numpy()`), compute with arrays, and keep frames out of the request path.

Limits: shares of the CPU for each severity; `rows_share`: part of the samples in row access; `diversity`,
`rows_diversity`: distinct leaf lines per 100 samples; `small`: rows up to which the fixed cost rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from perftools.causes import Evidence, Facts, LibraryGroup, function_of, leaf_diversity, where_of
from perftools.detect.judging import FLOOR, SHARES, fingerprint, peak, reported, samples_of, unjudged
from perftools.finding import Fact, Finding, Measure, Ok, Where
from perftools.record import Missing
from perftools.source import Model, Span, Unit

id = "pandas-hot-path"
needs = frozenset({"samples"})
limits: Mapping[str, float] = {
    **SHARES,
    **FLOOR,
    "rows_share": 0.5,
    "diversity": 45,
    "rows_diversity": 28,
    "small": 20_000,
}

_ROW_ACCESS = frozenset(
    "iterrows itertuples apply applymap map to_dict items iat at loc iloc agg aggregate transform".split()
)
_CONSTRUCTION = frozenset("__init__ from_records from_dict DataFrame Series read_json json_normalize".split())
_GROWTH = frozenset("concat append".split())
_FRAMES = frozenset("DataFrame Series".split())
_SPEED_UP = {"rows": 10.0, "growth": 3.0, "construction": 3.0, "small frames": 3.0}
"""Ordering key only: the low end of what rewrites brought."""


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """Findings, best first; Ok where pandas holds little of the CPU, or works on large frames."""
    if (missing := unjudged(evidence)) is not None:
        return missing
    groups = [group for group in evidence.libraries if group.package == "pandas"]
    findings = [finding for group in groups if (finding := _finding(group, evidence, limits)) is not None]
    if findings:
        return findings
    profile = evidence.profile
    assert profile is not None
    weight = sum(group.weight for group in groups)
    if weight < limits["low"] * profile.total:
        return Ok(
            rule=id, says=f"pandas holds {100 * weight / profile.total:.0f} % of the CPU" if weight else "no pandas"
        )
    return Ok(rule=id, says="pandas works on large frames, or not row by row")


def _finding(group: LibraryGroup, evidence: Evidence, limits: Mapping[str, float]) -> Finding | None:
    profile = evidence.profile
    assert profile is not None
    members = frozenset(group.members)
    share = profile.estimate(members)
    own = samples_of(evidence, members)
    severity = reported(share, own, limits)
    if severity is None or members <= profile.first_half:
        return None
    kinds = {line: _kind_at(line, group, evidence) for line in group.lines}
    row_share = sum(seconds for line, seconds in group.lines.items() if kinds[line] == "rows") / group.weight
    facts = _frames(group, evidence)
    rows = min((fact.sizes[0] for fact in facts if fact.sizes), default=None)
    diversity = leaf_diversity(group.leaves)
    looping = any(_loop_at(line, group, evidence) is not None for line, kind in kinds.items() if kind == "rows")
    by_row = row_share >= limits["rows_share"] and (looping or diversity >= limits["rows_diversity"])
    small = diversity >= limits["diversity"] and (rows is None or rows <= limits["small"])
    if not (by_row or small):
        return None

    line = _headline(group, kinds)
    kind = kinds[line]
    span = _span(line, kind, group, evidence)
    where = Where(
        file=group.place.file,
        line=span.line,
        end_line=span.end_line,
        function=function_of(group.place.file, line, group.place.function, evidence.code),
    )
    routes = sorted(group.routes.items(), key=lambda pair: -pair[1])
    entry = where_of(routes[0][0], evidence.code) if routes else None
    rows_of_evidence: list[Measure | str] = [
        f"{own} samples of its own",
        f"{diversity:.0f} distinct lines of pandas in 100 samples",
        *_entered(group),
    ]
    if (busiest := peak(evidence, members)) is not None:
        rows_of_evidence.append(busiest)
    return Finding(
        rule=id,
        severity=severity,
        title=_title(kind, rows),
        where=where,
        share=share,
        evidence=tuple(rows_of_evidence),
        facts=tuple(facts[:4]),
        heat=tuple(
            (at, seconds / group.weight) for at, seconds in sorted(group.lines.items(), key=lambda pair: -pair[1])[:5]
        ),
        why=_why(kind, rows),
        todo=_todo(kind),
        fingerprint=fingerprint(id, where, evidence.code),
        entry=entry if entry is not None and entry.function != where.function else None,
        rank=share.value * (1 - 1 / _SPEED_UP[kind]),
    )


def _kind_at(line: int, group: LibraryGroup, evidence: Evidence) -> str:
    """What most of a line's pandas time is: rows, growth, construction or small frames."""
    seconds: dict[str, float] = {}
    for (at, entry, file), weight in group.entries.items():
        if at == line:
            kind = _kind(entry, file, line, group, evidence)
            seconds[kind] = seconds.get(kind, 0.0) + weight
    return max(seconds, key=lambda kind: seconds[kind]) if seconds else "small frames"


def _kind(entry: str, file: str, line: int, group: LibraryGroup, evidence: Evidence) -> str:
    name = entry.rpartition(".")[2]
    indexing = file.endswith("/indexing.py") or (name in ("__getitem__", "__setitem__") and file.endswith("/series.py"))
    looping = _loop_at(line, group, evidence) is not None
    if name in _ROW_ACCESS or (indexing and looping):
        return "rows"
    if name in ("__getitem__", "__setitem__", "get", "_get_value") and looping:
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


def _headline(group: LibraryGroup, kinds: Mapping[int, str]) -> int:
    """The line to change: frames grown in a loop before row access before the rest, where they hold a real part."""
    for kind in ("growth", "rows"):
        lines = {line: seconds for line, seconds in group.lines.items() if kinds[line] == kind}
        if sum(lines.values()) >= 0.25 * group.weight:
            return max(lines, key=lambda line: lines[line])
    return max(group.lines, key=lambda line: group.lines[line])


def _span(line: int, kind: str, group: LibraryGroup, evidence: Evidence) -> Span:
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
        model: Model | None = evidence.code.model_at(group.place.file, line)
        function = model.function_at(line) if model is not None else None
        if function is not None:
            return function.span
    return None


def _entered(group: LibraryGroup) -> list[str]:
    """The pandas functions entered most, with their part of the finding's time."""
    seconds: dict[str, float] = {}
    for (_, entry, _), weight in group.entries.items():
        seconds[entry] = seconds.get(entry, 0.0) + weight
    most = sorted(seconds.items(), key=lambda pair: -pair[1])[:3]
    return [f"{100 * weight / group.weight:.0f} % of its time in {entry}" for entry, weight in most]


def _title(kind: str, rows: int | None) -> str:
    size = f" of {rows} rows" if rows is not None and rows < inf else ""
    return {
        "rows": f"pandas row by row over a frame{size}",
        "growth": "a frame grown piece by piece in a loop",
        "construction": f"a frame{size} built per request",
        "small frames": f"pandas operations on a small frame{size}",
    }[kind]


def _why(kind: str, rows: int | None) -> str:
    if kind == "rows":
        return "Each row becomes a Series or passes through pandas' indexing: 4-9 µs a row before any work is done."
    if kind == "growth":
        return "Each concat copies all that is there already: the cost grows with the square of the number of pieces."
    size = f"At {rows} rows" if rows is not None else "On small frames"
    return f"{size} the fixed cost of each pandas call (25-320 µs) outweighs the work on the data."


def _todo(kind: str) -> str:
    return {
        "rows": "Take the columns out once with to_numpy() and compute on whole arrays instead of visiting rows.",
        "growth": "Collect the pieces in a list and concatenate once, or fill a preallocated array.",
        "construction": "Build no frame per request: keep plain arrays, or one frame made at start-up, and index into it.",
        "small frames": "Keep pandas out of the request path: arrays or dicts do this in microseconds at this size.",
    }[kind]
