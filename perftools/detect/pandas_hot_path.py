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

from perftools.causes import Evidence, Place, function_of
from perftools.detect.judging import FLOOR, SHARES, entry_of, fingerprint, samples_of, unjudged, unsure, weigh
from perftools.detect.pandas_use import Kind, Use, route_of, uses
from perftools.finding import Finding, Ok, Where
from perftools.record import Missing

id = "pandas-hot-path"
limits: Mapping[str, float] = {
    **SHARES,
    **FLOOR,
    "rows_share": 0.5,
    "diversity": 45,
    "rows_diversity": 28,
    "small": 20_000,
}

_FIXED_COST = ("construction", "small frames")
_SPEED_UP: Mapping[Kind, float] = {"rows": 10.0, "growth": 3.0, "construction": 3.0, "small frames": 3.0}
"""Ordering key only: the low end of what rewrites brought."""


def pending(evidence: Evidence, limits: Mapping[str, float] = limits) -> bool:
    """Is there a use large enough for a finding, with too few samples to tell small frames from large ones?"""
    if evidence.profile is None:
        return False
    least = limits["low"] * evidence.profile.total
    return any(
        each.group.weight >= least
        and samples_of(evidence, frozenset(each.group.members)) < 100
        and not each.accepted(limits)
        for each in uses(evidence)
    )


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding] | Ok | Missing:
    """Findings, best first; Ok where pandas holds little of the CPU, or works on large frames."""
    if (missing := unjudged(evidence)) is not None:
        return missing
    found = uses(evidence)
    causes = merge([each for each in found if each.accepted(limits)], evidence)
    findings = [finding for cause in causes if (finding := _finding(cause, evidence, limits)) is not None]
    if findings:
        return findings
    profile = evidence.profile
    assert profile is not None
    weight = sum(each.group.weight for each in found)
    if not weight:
        return Ok(rule=id, says="no pandas")
    if weight < limits["low"] * profile.total:
        return Ok(rule=id, says=f"pandas holds {100 * weight / profile.total:.0f} % of the CPU")
    for cause in causes:
        members = frozenset(index for each in cause for index in each.group.members)
        if (missing := unsure(evidence, members, limits, f"pandas in {cause[0].group.place.function}")) is not None:
            return missing
    return Ok(rule=id, says="pandas works on large frames, or not row by row")


def merge(accepted: Sequence[Use], evidence: Evidence) -> list[list[Use]]:
    """Uses of one cause together, heaviest first.

    The fixed cost of small frames, spread over the functions that one request goes through, is one cause: the frames
    are in the request's path. Row access and growth have a loop to change, and stand alone where they hold at least a
    third of what the request's main use does.
    """
    causes: list[list[Use]] = []
    heads: dict[Place, list[Use]] = {}
    for each in sorted(accepted, key=lambda one: -one.group.weight):
        route = route_of(each.group, evidence)
        head = heads.get(route) if route is not None else None
        if head and (each.kind in _FIXED_COST or 3 * each.group.weight < head[0].group.weight):
            head.append(each)
            continue
        causes.append([each])
        if route is not None:
            heads.setdefault(route, causes[-1])
    return causes


def _finding(cause: Sequence[Use], evidence: Evidence, limits: Mapping[str, float]) -> Finding | None:
    weighed = weigh(evidence, frozenset(index for each in cause for index in each.group.members), limits)
    if weighed is None:
        return None
    head = cause[0]
    file = head.group.place.file
    where = Where(
        file=file,
        line=head.span.line,
        end_line=head.span.end_line,
        function=function_of(file, head.line, head.group.place.function, evidence.code),
    )
    rows = [
        f"{head.diversity:.0f} distinct lines of pandas in 100 samples",
        *_entered(cause),
        *(f"also in {each.group.place.function}, line {each.line}" for each in cause[1:4]),
    ]
    total = sum(each.group.weight for each in cause)
    lines = {
        line: seconds for each in cause if each.group.place.file == file for line, seconds in each.group.lines.items()
    }
    return Finding(
        rule=id,
        severity=weighed.severity,
        title=_title(head),
        where=where,
        share=weighed.share,
        evidence=(*weighed.rows, *rows),
        facts=head.frames[:4],
        heat=tuple((line, seconds / total) for line, seconds in sorted(lines.items(), key=lambda pair: -pair[1])[:5]),
        why=_why(head),
        todo=_todo(head),
        fingerprint=fingerprint(id, where, evidence.code),
        entry=entry_of(head.group.routes, where, evidence.code),
        rank=weighed.share.value * (1 - 1 / _SPEED_UP[head.kind]),
    )


def _entered(cause: Sequence[Use]) -> list[str]:
    """The pandas functions entered most, with their part of the finding's time."""
    seconds: dict[str, float] = {}
    for each in cause:
        for entry, weight in each.group.entries.items():
            seconds[entry.function] = seconds.get(entry.function, 0.0) + weight
    total = sum(seconds.values()) or 1.0
    most = sorted(seconds.items(), key=lambda pair: -pair[1])[:3]
    return [f"{100 * weight / total:.0f} % of its time in {entry}" for entry, weight in most]


def _title(use: Use) -> str:
    size = f" of {use.rows:,} rows".replace(",", " ") if use.rows is not None else ""
    if _looks_up(use):
        return f"a frame{size} searched from end to end in each pass of a loop"
    return {
        "rows": f"pandas row by row over a frame{size}",
        "growth": "a frame grown piece by piece in a loop",
        "construction": f"a frame{size} built per request",
        "small frames": f"pandas operations on a small frame{size}",
    }[use.kind]


def _why(use: Use) -> str:
    if _looks_up(use):
        return "A mask such as df[df.x == y] compares every row to find a few, and the loop does it all over each time."
    if use.kind == "rows":
        return "Each row becomes a Series or passes through pandas' indexing: 4-9 µs a row before any work is done."
    if use.kind == "growth":
        return "Each concat copies all that is there already: the cost grows with the square of the number of pieces."
    size = f"At {use.rows:,} rows".replace(",", " ") if use.rows is not None else "On small frames"
    return f"{size} the fixed cost of each pandas call (25-320 µs) outweighs the work on the data."


def _todo(use: Use) -> str:
    if _looks_up(use):
        return (
            "Index once, before the loop: a dict from key to row, groupby where a key has many rows, or a sorted array "
            "with np.searchsorted for ranges."
        )
    return {
        "rows": "Take the columns out once with to_numpy() and compute on whole arrays instead of visiting rows.",
        "growth": "Collect the pieces in a list and concatenate once, or fill a preallocated array.",
        "construction": "Build no frame per request: keep arrays, or one frame made at start-up, and index into it.",
        "small frames": "Keep pandas out of the request path: arrays or dicts do this in microseconds at this size.",
    }[use.kind]


def _looks_up(use: Use) -> bool:
    return use.masked and use.kind in ("rows", "small frames")
