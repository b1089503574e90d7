"""What an audit of a service under load sees: its longest GC pause, its findings, and where its CPU time goes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from perftools.budget.measure.profile import function_name
from perftools.budget.measure.service import Service, Services
from perftools.budget.model import Unmeasurable
from perftools.budget.units import change
from perftools.errors import PerftoolsError
from perftools.finding import SEVERITIES, Diagnosis, Finding, TimeTable
from perftools.record import Audit, Missing

WINDOW_S: Final = 10.0
_LEAST_SHARE: Final = 0.01
_MOST_NAMED: Final = 5


class Cost(NamedTuple):
    """CPU of one function, in percent of a core, with the 95 % interval of its share."""

    low: float
    value: float
    high: float


def audited(services: Services, service: Service, number: int) -> Audit:
    """An audit of so many seconds under the budget's load. Raises Unmeasurable."""
    from perftools import api, target

    with services.loading(service, number) as load, _told_as_unmeasurable():
        found = target.find(pid=service.running.pid)
        target.preflight(found)
        seen = api.audit(found, window_s=WINDOW_S)
        if seen.quality.ended == "interrupted":  # it keeps the first Ctrl-C to itself
            raise KeyboardInterrupt
        if load.over() and (ended := load.finish()).status != 0:
            raise Unmeasurable("B-LOAD", f"the load generator failed: {ended.last_words}")
    if not seen.quality.loaded:
        raise Unmeasurable(
            "B-LOAD", f"the service of {service.side.title} had nothing to do in {WINDOW_S:.0f} s of load"
        )
    return seen


def longest_pause_s(seen: Audit) -> float:
    """Of the garbage collections of all its processes; 0 where there was none. Raises Unmeasurable."""
    if isinstance(seen.observations.gc, Missing):
        raise Unmeasurable(seen.observations.gc.code, f"garbage collection was not seen: {seen.observations.gc.reason}")
    return max((pause.duration_ms for pause in seen.observations.gc.pauses), default=0.0) / 1000


def findings(seen: Audit, severity: str) -> tuple[Finding, ...]:
    """The findings at or above a severity. Raises Unmeasurable where the service could not be sampled."""
    if isinstance(seen.observations.samples, Missing):
        missing = seen.observations.samples
        raise Unmeasurable(missing.code, f"the service could not be sampled: {missing.reason}")
    least = SEVERITIES.index(severity)
    return tuple(each for each in _diagnosis(seen).findings if SEVERITIES.index(each.severity) >= least)


def costs(seen: Audit, folder: Path) -> dict[str, Cost]:
    """CPU by function; nothing where it could not be sampled."""
    table = _diagnosis(seen).time
    if not isinstance(table, TimeTable):
        return {}
    found: dict[str, Cost] = {}
    for line in table.functions:
        share = line.share
        if share.few:
            continue
        name = function_name(line.where.file, line.where.function, folder)
        found[name] = Cost(*(part * table.cpu_percent for part in (share.low, share.value, share.high)))
    return found


def grown(base: dict[str, Cost], head: dict[str, Cost], whole: float) -> tuple[str, ...]:
    """Functions whose CPU grew by more than both intervals leave open, most first, in shares of `whole`."""
    none = Cost(0.0, 0.0, 0.0)
    growth = {
        name: cost.value - base.get(name, none).value
        for name, cost in head.items()
        if cost.low > base.get(name, none).high
    }
    most = sorted(growth, key=lambda name: (-growth[name], name))
    return tuple(
        f"{name} {change(growth[name] / whole)}"
        for name in most[:_MOST_NAMED]
        if growth[name] >= _LEAST_SHARE * whole > 0
    )


def cpu_percent(seen: Audit) -> float:
    """CPU of the service over the window; 100 is one core."""
    table = _diagnosis(seen).time
    return table.cpu_percent if isinstance(table, TimeTable) else 0.0


def _diagnosis(seen: Audit) -> Diagnosis:
    from perftools.detect import diagnose

    return diagnose.diagnose(seen)


@contextlib.contextmanager
def _told_as_unmeasurable() -> Iterator[None]:
    try:
        yield
    except PerftoolsError as error:
        raise Unmeasurable(error.code, error.message) from error
