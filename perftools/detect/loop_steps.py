"""Steps of event loops that were seen to run on from one look to the next, by the handler that they are charged to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from perftools.causes import Evidence, Place
from perftools.detect.event_loops import handler_of
from perftools.hot import classify
from perftools.record import EventLoops


@dataclass
class Long:
    """One handler's long steps in one loop."""

    share: float = 0.0
    """Part of the looks that found one of them running: of the time."""
    steps: int = 0
    total_s: float = 0.0

    @property
    def seconds(self) -> float:
        """CPU time of a step, mean: so much of it was seen, and it was longer."""
        return self.total_s / self.steps


def long_steps(evidence: Evidence, least_s: float) -> Mapping[tuple[int, int], Mapping[Place, Long]]:
    """Steps that used `least_s` of CPU and more, by process and thread, then by handler."""
    seen = evidence.audit.observations.loops
    found: dict[tuple[int, int], dict[Place, Long]] = defaultdict(lambda: defaultdict(Long))
    if not isinstance(seen, EventLoops):
        return found
    looks = {(each.pid, each.tid): each.looks for each in seen.loops}
    frames = [classify(*frame, evidence.audit.target.user_paths) for frame in seen.frames]
    handlers = [handler_of(tuple(frames[at] for at in reversed(stack))) for stack in seen.stacks]
    for step in seen.steps:
        thread, handler = (step.pid, step.tid), handlers[step.stack]
        if handler is None or step.ran_s < least_s or not looks.get(thread):
            continue
        long = found[thread][handler]
        long.share += step.looks / looks[thread]
        long.steps += 1
        long.total_s += step.ran_s
    return found
