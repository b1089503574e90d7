"""Which thread of a process holds the GIL, where that is one of the program's own beside those that serve requests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from perftools.causes import Evidence, where_of
from perftools.detect.judging import FEWEST_BUSY
from perftools.finding import Where
from perftools.hot import Frame, Profile, waits
from perftools.record import Samples

Stacks = Mapping[int, float]
"""Weight of each stack."""


class Holder(NamedTuple):
    """A thread that holds the GIL for most of the time that anyone does."""

    where: Where
    """Its hottest line of the program's own."""
    entry: Where
    """The function that the thread runs."""
    share: float


def background_holder(pid: int, evidence: Evidence, least: float) -> Holder | None:
    """The background thread with at least that part of the process's GIL-held time; None where there is none.

    By the samples that show the holder of the GIL, or by CPU time where these are too few.
    """
    profile, samples = evidence.profile, evidence.audit.observations.samples
    if profile is None or not isinstance(samples, Samples):
        return None
    threads = _holding(pid, samples, profile) or _running(pid, profile)
    total = sum(sum(stacks.values()) for stacks in threads.values())
    if not total:
        return None
    stacks = max(threads.values(), key=lambda each: sum(each.values()))
    lines: dict[Frame, float] = defaultdict(float)
    entries: dict[Frame, float] = defaultdict(float)
    for index, weight in stacks.items():
        if (first := _own_thread(profile.stacks[index])) is not None:
            entries[first] += weight
            lines[_last_user(profile.stacks[index])] += weight
    share = sum(entries.values()) / total
    if share < least:
        return None
    line, entry = (max(each, key=lambda frame: each[frame]) for each in (lines, entries))
    return Holder(where_of(line, evidence.code), where_of(entry, evidence.code), share)


def _holding(pid: int, samples: Samples, profile: Profile) -> dict[int | str, Stacks]:
    threads: dict[int | str, Counter[int]] = defaultdict(Counter)
    for stream in samples.streams:
        if (stream.pid, stream.kind) == (pid, "gil"):
            kept = (at for at in stream.stacks if profile.stacks[at] and not waits(profile.stacks[at][-1]))
            threads[stream.thread if stream.tid is None else stream.tid].update(kept)
    return dict(threads) if sum(each.total() for each in threads.values()) >= FEWEST_BUSY else {}


def _running(pid: int, profile: Profile) -> dict[int | str, Stacks]:
    threads: dict[int | str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for strand in profile.strands:
        if strand.thread[0] == pid:
            for stack in strand.stacks:
                threads[strand.thread[1]][stack] += strand.weight
    return dict(threads)


def _own_thread(stack: tuple[Frame, ...]) -> Frame | None:
    """The function with which a thread of the program's own began (root first); None for pools, servers and loops."""
    if not stack or stack[0].package != "threading":
        return None
    first = next((frame for frame in stack if frame.package != "threading"), None)
    if first is None or first.owner != "user" or any(frame.package == "asyncio" for frame in stack):
        return None
    return first


def _last_user(stack: tuple[Frame, ...]) -> Frame:
    return next(frame for frame in reversed(stack) if frame.owner == "user")
