"""The recorders of a window together: each fails alone, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from perftools.collect.recorder import Kind, Recorder, RunsOn, Warns
from perftools.record import Missing, Observations

_NAMED = frozenset(Observations.__struct_fields__) - {"extra"}
"""Where a recorder of that id puts what it saw; other ids go into `extra`."""

T = TypeVar("T")


class Crew:
    """Passes the window's calls on, and drops a recorder that raises."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self._all = tuple(recorders)
        self._working = list(recorders)
        self._dropped: dict[str, Missing] = {}

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:
        """From the last to the first, so that rounds nest: `end_round` goes from the first to the last."""
        for recorder in self._working[::-1]:
            self._guard(recorder, lambda: recorder.begin_round(number, kind, duration_s))  # noqa: B023 (called at once)

    def step(self) -> None:
        for recorder in self._working[:]:
            self._guard(recorder, recorder.step)

    def end_round(self) -> None:
        for recorder in self._working[:]:
            self._guard(recorder, recorder.end_round)

    def observations(self) -> Observations:
        """What all of them saw up to now, and why the others saw nothing."""
        results = {recorder.id: self._guard(recorder, recorder.result) for recorder in self._working[:]}
        parts = {name: part for name, part in results.items() if part is not None} | self._dropped
        absent = Missing(code="E-ABSENT", reason="was not asked for")
        extra = {name: msgspec.Raw(msgspec.json.encode(part)) for name, part in parts.items() if name not in _NAMED}
        empty = Observations(samples=absent, threads=absent, values=absent, extra=extra)
        return msgspec.structs.replace(empty, **{name: part for name, part in parts.items() if name in _NAMED})

    def warnings(self) -> list[str]:
        return [text for recorder in self._working if isinstance(recorder, Warns) for text in recorder.warnings]

    def living_cpu_s(self) -> float:
        """CPU seconds of children that still run."""
        return sum(recorder.living_cpu_s for recorder in self._working if isinstance(recorder, RunsOn))

    def close(self) -> None:
        for recorder in self._all:
            recorder.close()

    def _guard(self, recorder: Recorder, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 (a collector fails alone)
            reason = f"the collector failed: {type(error).__name__}: {error}"
            self._dropped[recorder.id] = Missing(code="E-INTERNAL", reason=reason)
            self._working.remove(recorder)
            recorder.close()
            return None
