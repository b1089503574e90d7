"""What the rules share: severity, the floor for a finding, fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from perftools.causes import Code, Evidence, where_of
from perftools.finding import Estimate, Measure, Severity, Where
from perftools.hot import Frame
from perftools.record import Missing

SHARES = {"low": 0.05, "medium": 0.08, "high": 0.20}
"""Share of the CPU from which a finding has each severity (by the point)."""
FLOOR = {"lower_bound": 0.03, "own_samples": 15}
"""Below either, a finding is not made: the share could be nothing."""
FEWEST_BUSY = 20
"""Busy samples below which a service counts as idle or its samples as lost."""
IDLE_CPU = 0.02
"""Of one core."""
BLIND = "V-BLIND"
"""Code of what an observer that works otherwise cannot see here: nor will a longer window."""
UNASKED = "V-UNASKED"
"""Code of what is looked at only where the user asks for it by name: no gap in the observation."""


def severity(share: float, limits: Mapping[str, float]) -> Severity | None:
    """The severity of a share of the CPU; None below the lowest."""
    for name in ("high", "medium", "low"):
        if share >= limits[name]:
            return name
    return None


class Weighed(NamedTuple):
    """A cause that is large and sure enough to be a finding."""

    share: Estimate
    severity: Severity
    rows: tuple[Measure | str, ...]
    """Evidence of its size: samples, and the share in the busiest worker."""


def weigh(evidence: Evidence, members: frozenset[int], limits: Mapping[str, float]) -> Weighed | None:
    """How much some stacks weigh; None where they are too little, too uncertain, or of the window's first half only."""
    profile = evidence.profile
    assert profile is not None
    share, own = profile.estimate(members), samples_of(evidence, members)
    if share.low < limits["lower_bound"] or own < limits["own_samples"] or members <= profile.first_half:
        return None
    found = severity(share.value, limits)
    if found is None:
        return None
    rows: list[Measure | str] = [f"{own} samples of its own"]
    if (busiest := _peak(evidence, members)) is not None:
        rows.append(busiest)
    return Weighed(share, "low" if share.few else found, tuple(rows))


def unsure(evidence: Evidence, members: frozenset[int], limits: Mapping[str, float], what: str) -> Missing | None:
    """Why a cause that is large enough by its point makes no finding; None where it is simply small, or is one."""
    profile = evidence.profile
    assert profile is not None
    share = profile.estimate(members)
    if severity(share.value, limits) is None or weigh(evidence, members, limits) is not None:
        return None
    if members <= profile.first_half:
        why = "in the first half of the window only"
    else:
        why = f"by {samples_of(evidence, members)} samples, {100 * share.low:.0f} % at the least: too few to be sure"
    return Missing(
        code="V-UNSURE",
        reason=f"{what} holds {100 * share.value:.0f} %, {why}",
        remedy="audit it for longer with --window",
    )


def entry_of(routes: Mapping[Frame, float], where: Where, code: Code) -> Where | None:
    """The handler or task function that most of the time comes through, unless that is the place itself."""
    if not routes:
        return None
    entry = where_of(max(routes, key=lambda frame: routes[frame]), code)
    return entry if entry.function != where.function else None


def unjudged(evidence: Evidence) -> Missing | None:
    """Why stacks tell nothing: not had, idle, or lost."""
    samples = evidence.audit.observations.samples
    if isinstance(samples, Missing):
        return samples
    profile = evidence.profile
    assert profile is not None
    busy = sum(profile.count)
    if busy >= FEWEST_BUSY:
        return None
    window_s = evidence.audit.quality.window_s
    used_s = profile.total + profile.unseen_s  # start-up left out
    if used_s < IDLE_CPU * window_s or used_s * samples.rate_hz < FEWEST_BUSY:
        return Missing(
            code="E-IDLE",
            reason=f"idle, not loaded: {busy} busy samples in {window_s:.0f} s",
            remedy="send it requests, or audit it for longer with --window",
        )
    return Missing(
        code="E-LOST",
        reason=f"samples lost: {used_s:.1f} s of CPU were used, but only {busy} busy samples were had",
        remedy=None,
    )


def idle(evidence: Evidence) -> Missing | None:
    """Why a service without load has shown nothing of itself, by whatever observer; None where it was at work."""
    missing = unjudged(evidence)
    return missing if missing is not None and missing.code == "E-IDLE" else None


def samples_of(evidence: Evidence, members: frozenset[int]) -> int:
    """Busy samples of some stacks."""
    assert evidence.profile is not None
    return sum(evidence.profile.count[index] for index in members)


def _peak(evidence: Evidence, members: frozenset[int]) -> Measure | None:
    """The share in the busiest worker, where there are several."""
    profile = evidence.profile
    if profile is None or len(profile.pids) < 2:
        return None
    shares = [(profile.estimate(members, pid), pid) for pid in profile.pids]
    highest, pid = max(shares, key=lambda pair: pair[0].value)
    return Measure(label=f"share in the worker that has most of it, pid {pid}", estimate=highest)


def fingerprint(rule: str, where: Where, code: Code) -> str:
    """Stable over runs and line shifts: rule, last two parts of the path, function, the line where its text is kept."""
    tail = "/".join(where.file.split("/")[-2:])
    statement = " ".join(code.text_at(where.file, where.line).split())
    return hashlib.sha256(f"{rule}\x00{tail}\x00{where.function}\x00{statement}".encode()).hexdigest()[:16]
