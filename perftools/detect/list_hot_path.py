"""list-hot-path: interpreter time in loops over lists of numbers.

What it finds. A loop, comprehension, generator, or a call that iterates (sum, sorted with a key, map, …) in which the
interpreter handles numbers one boxed object at a time: over lists, tuples, dicts, records, `array.array`, or element
by element over an ndarray. One array expression does the same work in C.

How. Samples are charged to the innermost loop around them. A loop is a cause when its hot lines do more arithmetic
than other work (text, bits, lookups, exceptions), no iteration needs the one before it, and the containers that were
read from the running process hold numbers and are large enough for arrays to win. Source alone never makes a finding.

What it leaves alone. Strings, trees, routing, recurrences, small containers, whole-array operations, and the time that
json, copy, pickle, pandas or another library spends.

What to do. Keep the numbers in one contiguous numpy array, made once and not per request, and replace the loop by an
array expression (`rows @ weights`, `np.sqrt(x)`, boolean masks, `np.argpartition` for the best k).

Limits: shares of the CPU for each severity; `elements`: where loops over arrays start to win (0.6-1.9 times at 4-16
elements); `inner`, `nest`: a short loop inside one over at least `nest` numbers; `integers`: integers only;
`whole_array`: from this size on the native call outweighs its call; `through`: see `detect.loops`; `walks`:
observations of a loop before its types are believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perftools.causes import FEWEST_WALKS, Evidence, Place, function_of, passes_through
from perftools.detect.judging import FLOOR, SHARES, entry_of, fingerprint, unjudged, unsure, weigh
from perftools.detect.loops import Judged, judge_all
from perftools.finding import Fact, Finding, Ok, Where
from perftools.hot import Frame
from perftools.record import Missing
from perftools.source import Span

id = "list-hot-path"
limits: Mapping[str, float] = {
    **SHARES,
    **FLOOR,
    "elements": 16,
    "inner": 4,
    "nest": 64,
    "integers": 64,
    "whole_array": 4096,
    "through": 0.5,
    "walks": FEWEST_WALKS,
}


def pending(evidence: Evidence, limits: Mapping[str, float] = limits) -> bool:
    """Would a longer look tell more: is there a loop large enough for a finding that was walked too seldom?"""
    return _unread(judge_all(evidence, limits), evidence, limits) is not None


def detect(evidence: Evidence, limits: Mapping[str, float] = limits) -> Sequence[Finding | Missing] | Ok | Missing:
    """Findings, best first, and what could not be judged beside them; Ok where the hot code is no number loop."""
    if (missing := unjudged(evidence)) is not None:
        return missing
    if isinstance(evidence.values, Missing) and evidence.values.code != "V-NOTHING":
        return Missing(
            code=evidence.values.code,
            reason=f"types not readable: {evidence.values.reason}",
            remedy=evidence.values.remedy,
        )
    judged = judge_all(evidence, limits)
    causes = merge(judged, evidence, limits)
    findings = [finding for cause in causes if (finding := _finding(cause, evidence, limits)) is not None]
    joined = {one.group.loop for cause in causes for one in cause}
    rest = [one for one in judged if one.group.loop not in joined]
    unread = _unread(rest, evidence, limits) or _without_source(evidence, limits) or _unsure(causes, evidence, limits)
    if unread is not None:
        return [*findings, unread] if findings else unread
    if findings:
        return findings
    return Ok(rule=id, says=_checked(judged, evidence))


def _unread(judged: Sequence[Judged], evidence: Evidence, limits: Mapping[str, float]) -> Missing | None:
    """A loop that would be a finding by its share, but was walked too seldom to know what it works on."""
    profile = evidence.profile
    assert profile is not None
    for one in judged:
        if one.reason == "types unread" and one.group.weight >= limits["low"] * profile.total:
            return Missing(
                code="V-FEW",
                reason=f"types not readable: the loop in {one.unit.function}, line {one.unit.span.line}, "
                f"was seen in {one.detail} only",
                remedy="audit it for longer with --window",
            )
    return None


def _unsure(causes: Sequence[Sequence[Judged]], evidence: Evidence, limits: Mapping[str, float]) -> Missing | None:
    for cause in causes:
        members = frozenset(index for one in cause for index in one.group.members)
        what = f"the loop in {cause[0].unit.function}, line {cause[0].unit.span.line},"
        if (missing := unsure(evidence, members, limits, what)) is not None:
            return missing
    return None


def _without_source(evidence: Evidence, limits: Mapping[str, float]) -> Missing | None:
    """Lines of the user's that hold enough for a finding, whose loops are not known for want of their source."""
    profile, seconds = evidence.profile, dict[str, float]()
    assert profile is not None
    for charge, weight in zip(evidence.charges, profile.weight, strict=True):
        frame = charge.frame if charge is not None and charge.kind == "line" else None
        if frame is not None and evidence.code.source_at(frame.file, frame.line) is None:
            seconds[frame.file] = seconds.get(frame.file, 0.0) + weight
    file = max(seconds, key=lambda each: seconds[each], default="")
    if not file or seconds[file] < limits["low"] * profile.total:
        return None
    part = f"{100 * seconds[file] / profile.total:.0f} % of the CPU"
    kept = any(source.file == file and source.text for source in evidence.audit.sources)
    why = "differs from what runs" if kept else "could not be read, or was not kept (--no-source)"
    return Missing(code="V-NOSOURCE", reason=f"the source of {file}, with {part}, {why}")


def merge(judged: Sequence[Judged], evidence: Evidence, limits: Mapping[str, float]) -> list[list[Judged]]:
    """Loops of one cause together: same function, or one runs through the other; each list heaviest first.

    A loop that was rejected only because it was walked too seldom joins a cause that it belongs to.
    """
    causes: list[list[Judged]] = []
    for each in (one for one in judged if one.accepted):
        together = [cause for cause in causes if any(_same_cause(each, other, evidence, limits) for other in cause)]
        causes = [cause for cause in causes if cause not in together]
        causes.append([*(other for cause in together for other in cause), each])
    for each in (one for one in judged if one.reason == "types unread"):
        for cause in causes:
            if any(_same_cause(each, other, evidence, limits) for other in cause):
                cause.append(each)
                break
    for cause in causes:
        cause.sort(key=lambda one: -one.group.weight)
    return sorted(causes, key=lambda cause: -sum(one.group.weight for one in cause))


def _same_cause(one: Judged, other: Judged, evidence: Evidence, limits: Mapping[str, float]) -> bool:
    if _place(one) == _place(other):
        return True
    profile = evidence.profile
    assert profile is not None
    return (
        passes_through(profile, one.group.members, other.file, _reach(other, evidence)) >= limits["through"]
        or passes_through(profile, other.group.members, one.file, _reach(one, evidence)) >= limits["through"]
    )


def _reach(judged: Judged, evidence: Evidence) -> Span:
    """A loop's span; of a generator function the whole body, since its consumer runs through it."""
    model = evidence.code.model(judged.group.loop.source)
    function = model.function_at(judged.unit.span.line)
    return function.span if function is not None and function.yields else judged.unit.span


def _place(judged: Judged) -> Place:
    return Place(judged.file, judged.unit.function)


def _finding(cause: Sequence[Judged], evidence: Evidence, limits: Mapping[str, float]) -> Finding | None:
    weighed = weigh(evidence, frozenset(index for one in cause for index in one.group.members), limits)
    if weighed is None:
        return None
    head = cause[0]
    where = Where(
        file=head.file,
        line=head.unit.span.line,
        end_line=head.unit.span.end_line,
        function=function_of(head.file, head.unit.span.line, head.unit.function, evidence.code),
    )
    seen = next(one for one in cause if one.containers)
    facts = _facts(seen)
    largest = facts[0]
    routes: dict[Frame, float] = {}
    for frame, seconds in (route for one in cause for route in one.group.routes.items()):
        routes[frame] = routes.get(frame, 0.0) + seconds
    return Finding(
        rule=id,
        severity=weighed.severity,
        title=f"a Python loop over {largest.type}",
        where=where,
        share=weighed.share,
        evidence=(*weighed.rows, *_also(cause)),
        facts=facts,
        heat=_heat(cause, where),
        why=_why(seen),
        todo=_todo(seen, facts),
        fingerprint=fingerprint(id, where, evidence.code),
        entry=entry_of(routes, where, evidence.code),
        rank=weighed.share.value * (1 - 1 / _speed_up(seen)),
    )


def _facts(head: Judged) -> tuple[Fact, ...]:
    """What was seen, under the names that the source uses; the same container by name and by iterator only once."""
    rows: dict[tuple[str, tuple[int, ...]], Fact] = {}
    telling = [each for each in head.containers if each.elements >= min(head.elements, limits["elements"])]
    for container in sorted(telling, key=lambda each: (each.name.startswith(("<", ".")), -each.elements)):
        fact = container.fact()
        rows.setdefault((str(fact.type), fact.sizes[:1]), fact)
    named = [
        Fact(
            name=(head.unit.iterates[0] if head.unit.iterates else "the loop's iterable")
            if fact.name.startswith(("<", "."))
            else fact.name,
            type=fact.type,
            sizes=fact.sizes,
            observations=fact.observations,
        )
        for fact in rows.values()
    ]
    largest = max(head.containers, key=lambda each: each.elements)
    return tuple(sorted(named, key=lambda fact: (fact.type != largest.type, -fact.observations))[:4])


def _heat(cause: Sequence[Judged], where: Where) -> tuple[tuple[int, float], ...]:
    total = sum(one.group.weight for one in cause) or 1.0
    seconds: dict[int, float] = {}
    for one in cause:
        for (file, line), weight in one.group.own.items():
            if file == where.file:
                seconds[line] = seconds.get(line, 0.0) + weight
    hottest = sorted(seconds.items(), key=lambda pair: -pair[1])[:5]
    return tuple((line, min(1.0, weight / total)) for line, weight in hottest)


def _also(cause: Sequence[Judged]) -> list[str]:
    """The cause's other loops, by place."""
    head = cause[0]
    rows = []
    for one in cause[1:4]:
        line = one.unit.span.line
        place = (
            f"{one.unit.function}, line {line}"
            if one.file == head.file
            else f"{one.unit.function} at {one.file}:{line}"
        )
        rows.append(f"also the loop in {place}")
    return rows


def _why(head: Judged) -> str:
    touched = f"{head.elements:,} numbers".replace(",", " ") if head.elements else "the numbers"
    return (
        f"The loop handles {touched} a run, one Python object at a time: each is unboxed, computed with and boxed "
        "again, and the interpreter's work costs far more than the arithmetic."
    )


def _todo(head: Judged, facts: Sequence[Fact]) -> str:
    name = facts[0].name
    if any(container.type.name == "ndarray" for container in head.containers):
        return f"Compute with the whole array at once: replace the loop over `{name}` by one numpy expression."
    return (
        f"Keep `{name}` as one contiguous numpy array, built once rather than per request, "
        "and replace the loop by one array expression."
    )


def _speed_up(head: Judged) -> float:
    """Ordering key only: the low end of what such rewrites brought at this size."""
    return 3.0 if head.elements < 200 else 8.0


def _checked(judged: Sequence[Judged], evidence: Evidence) -> str:
    profile = evidence.profile
    assert profile is not None
    heaviest = next((one for one in judged if one.group.weight >= 0.05 * profile.total), None)
    if heaviest is None:
        return "no loop of the service's own code holds 5 % of the CPU"
    why = {
        "no arithmetic": "does no arithmetic",
        "carried": f"needs each iteration's result in the next ({heaviest.detail})",
        "other work": "does mostly other work than arithmetic",
        "types unread": "was seen too seldom to read its types",
        "whole arrays": f"works on whole arrays ({heaviest.detail})",
        "no numbers": "works on no container of numbers",
        "few elements": f"works on {heaviest.detail}, too few for arrays to win",
        "drives": "mostly runs a loop that arrays would not help",
        "": "is one, but holds too little",
    }[heaviest.reason]
    return f"the hottest loop, {heaviest.unit.function} line {heaviest.unit.span.line}, {why}"
