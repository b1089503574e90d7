"""The stacks of many runs as one record: each distinct frame and stack once."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping

from perftools.collect.speedscope import Recorded
from perftools.record import Run, Stream


class Merge:
    """Runs, streams, and each distinct frame and stack once."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, str, int], int] = {}
        self.stacks: dict[tuple[int, ...], int] = {}
        self.runs: list[Run] = []
        self.streams: list[Stream] = []

    def add(self, run: Run, recorded: Recorded, tids: Mapping[int, int] | None) -> None:
        """`tids`: from the thread ids that py-spy saw to those of our pid namespace; None where they are the same."""
        known: dict[tuple[int, ...], int] = {}
        for thread in recorded.threads:
            for stack in thread.stacks:
                if stack not in known:
                    key = tuple([self._frame(recorded.frames[frame]) for frame in stack])
                    known[stack] = self.stacks.setdefault(key, len(self.stacks))
            if thread.stacks:
                tid = thread.tid if tids is None or thread.tid is None else tids.get(thread.tid)
                stacks = tuple([known[stack] for stack in thread.stacks])
                self.streams.append(
                    Stream(pid=run.pid, tid=tid, thread=thread.thread, round=run.round, kind=run.kind, stacks=stacks)
                )
        self.runs.append(run)

    def _frame(self, frame: tuple[str, str, int]) -> int:
        return self.frames.setdefault(frame, len(self.frames))

    def longest_gap_s(self) -> float:
        """The longest time for which a worker was not looked at between two of its runs."""
        spans: defaultdict[int, list[Run]] = defaultdict(list)
        for run in self.runs:
            spans[run.pid].append(run)
        gaps = (
            later.start_s - earlier.start_s - earlier.duration_s
            for own in spans.values()
            for earlier, later in itertools.pairwise(own)
        )
        return max(gaps, default=0.0)
