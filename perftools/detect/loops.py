"""Is this loop number work over boxed objects that an array would do? One loop judged by its source and its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from perftools.causes import (
    HELPER_SHARE,
    Code,
    Container,
    Evidence,
    Facts,
    LoopGroup,
    containers,
    mostly_floats,
    passes_through,
    whole_array,
)
from perftools.source import Carried, Model, Operation, Span, Unit

Reason = Literal[
    "", "no arithmetic", "carried", "other work", "types unread", "whole arrays", "no numbers", "few elements", "drives"
]

_WEIGHTS = {"text": 2, "bits": 2}
_HOT_LINE = 0.02
"""Part of the loop's samples from which a line's operations count: an error branch that never ran says nothing."""


@dataclass(frozen=True)
class Judged:
    """One loop, and why it is a cause or is not."""

    group: LoopGroup
    unit: Unit
    file: str
    reason: Reason
    """Why it is no cause, "" where it is one."""
    containers: tuple[Container, ...] = ()
    elements: int = 0
    """Numbers that one run of the nest touches, by the largest container."""
    detail: str = ""

    @property
    def accepted(self) -> bool:
        """Is it a cause?"""
        return not self.reason


def judge_all(evidence: Evidence, limits: Mapping[str, float]) -> list[Judged]:
    """Every loop with samples, heaviest first.

    Loops that only drive a rejected one are rejected with it; a loop over a generator has the containers of the loops
    that feed it.
    """
    judged = [judge(group, evidence.code, limits) for group in evidence.loops]
    judged = [_fed(each, judged, evidence, limits) for each in judged]
    return [_unless_driving(each, judged, evidence, limits) for each in judged]


def judge(group: LoopGroup, code: Code, limits: Mapping[str, float]) -> Judged:
    """Judge one loop by what its text does and what the walks saw in it."""
    source = code.sources[group.loop.source]
    model = code.model(group.loop.source)
    unit = model.units[group.loop.unit]
    facts = Facts(code.sites(source.file, unit.span), unit.depth, unit.function)
    found = tuple(containers(unit, facts))
    elements = max((container.elements for container in found), default=0)

    def verdict(reason: Reason, detail: str = "") -> Judged:
        return Judged(group, unit, source.file, reason, found, elements, detail)

    helpers = list(_helpers(group, code))
    operations = [*_hot(model, unit.span, source.file, group)]
    for helper_model, span, file in helpers:
        operations.extend(_hot(helper_model, span, file, group))
    count = Counter(operation.kind for operation in operations)
    arithmetic = count["arithmetic"] + count["integer"]
    other = sum(_WEIGHTS.get(kind, 1) * n for kind, n in count.items() if kind not in ("arithmetic", "integer"))
    if not arithmetic:
        return verdict("no arithmetic")
    dependences = [(each, source.file) for each in unit.carried]
    for helper_model, span, file in helpers:
        dependences.extend((each, file) for f in helper_model.functions if f.span == span for each in f.carried)
    if (why := _carried(dependences, group) or _works_off(unit, model)) != "":
        return verdict("carried", why)
    if other > arithmetic:
        return verdict("other work", f"{other} other operations beside {arithmetic} arithmetic ones")

    if not facts.enough:
        return verdict("types unread", f"{facts.walks} of the {limits['walks']:.0f} walks needed")
    whole = whole_array({*unit.operands, *unit.arguments} - set(unit.subscripts), facts)
    for helper_model, span, file in helpers:
        seen = Facts(code.sites(file, span), 0, "")
        computed = [name for each in helper_model.functions if each.span == span for name in each.whole]
        whole = max(whole, whole_array(computed, seen))
    if whole >= limits["whole_array"]:
        return verdict("whole arrays", f"arrays of {whole} elements")
    integers = all(container.content == "int" for container in found)
    if not found or (integers and mostly_floats(unit, facts)):  # what is subscripted is not what it iterates
        return verdict("no numbers")
    if integers and (other or count["integer"] or elements < limits["integers"]):
        return verdict("other work", "integers only")
    nested = elements >= limits["inner"] and _inside_large(group, code, limits)
    if elements < limits["elements"] and not nested:
        return verdict("few elements", f"{elements} elements")
    return verdict("")


def _works_off(unit: Unit, model: Model) -> str:
    """Does the loop, or one around it, take its work from a container that this one adds to (a search's frontier)?"""
    around: Unit | None = unit
    while around is not None:
        for name in sorted(around.worklist):
            if name.rpartition(".")[2] in unit.names:
                return f"{name} is worked off and added to"
        around = model.units[around.parent] if around.parent is not None else None
    return ""


def _hot(model: Model, span: Span, file: str, group: LoopGroup) -> Iterable[Operation]:
    """The operations inside a span that stand on a line with samples of this loop."""
    lines = {line for (each, line), s in group.lines.items() if each == file and s >= _HOT_LINE * group.weight}
    for operation in model.operations:
        if span.contains(operation.span) and any(operation.span.covers(line) for line in lines):
            yield operation


def _helpers(group: LoopGroup, code: Code) -> Iterable[tuple[Model, Span, str]]:
    """The functions without a loop of their own that the loop calls, where they hold a part worth counting."""
    for place, seconds in group.helpers.items():
        if seconds < HELPER_SHARE * group.weight:
            continue
        lines = [line for file, line in group.lines if file == place.file]
        for line in lines:
            model = code.model_at(place.file, line)
            function = model.function_at(line) if model is not None else None
            if model is not None and function is not None and function.name == place.function:
                yield model, function.span, place.file
                break


def _carried(dependences: Iterable[tuple[Carried, str]], group: LoopGroup) -> str:
    """The first dependence that is handed on where the loop really runs; a branch seldom taken does not count."""
    for dependence, file in dependences:
        if any(group.lines.get((file, line), 0.0) >= _HOT_LINE * group.weight for line in dependence.lines):
            return dependence.reason
    return ""


def _inside_large(group: LoopGroup, code: Code, limits: Mapping[str, float]) -> bool:
    """Is the loop inside, or called from, a loop over a large container of numbers?"""
    for loop, seconds in group.outer.items():
        if 2 * seconds < group.weight:
            continue
        unit = code.model(loop.source).units[loop.unit]
        facts = Facts(code.sites(code.sources[loop.source].file, unit.span), unit.depth, unit.function)
        if any(each.runs >= limits["nest"] for each in containers(unit, facts)):
            return True
    return False


def _fed(judged: Judged, others: Iterable[Judged], evidence: Evidence, limits: Mapping[str, float]) -> Judged:
    """A loop over a generator of floats works on what the loops that run inside it iterate."""
    profile = evidence.profile
    if judged.reason != "no numbers" or profile is None:
        return judged
    facts = Facts(evidence.code.sites(judged.file, judged.unit.span), judged.unit.depth, judged.unit.function)
    if not mostly_floats(judged.unit, facts, least=1):
        return judged
    for other in others:
        enough = other.elements >= limits["elements"] and other.containers
        if enough and passes_through(profile, other.group.members, judged.file, judged.unit.span) >= limits["through"]:
            return replace(judged, reason="", containers=other.containers, elements=other.elements)
    return judged


def _unless_driving(
    judged: Judged, others: Iterable[Judged], evidence: Evidence, limits: Mapping[str, float]
) -> Judged:
    """A loop most of whose time runs in a rejected loop inside it would not get faster by arrays either."""
    if not judged.accepted or evidence.profile is None:
        return judged
    for other in others:
        if other.reason not in ("carried", "other work") or other.group.weight <= judged.group.weight:
            continue
        if passes_through(evidence.profile, other.group.members, judged.file, judged.unit.span) >= limits["through"]:
            return replace(judged, reason="drives")
    return judged
