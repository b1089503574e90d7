"""Metrics of a service under load, one fresh service for each value."""

from __future__ import annotations

from typing import Final, Literal

from perftools.budget.measure import audit
from perftools.budget.measure.service import Service, Services
from perftools.budget.measure.sides import Side, Sides
from perftools.budget.model import Budget, Metric, Unmeasurable
from perftools.collect.child import cpu_time_s
from perftools.record import Audit

METRICS: Final[frozenset[Metric]] = frozenset(
    {"latency_p99", "throughput", "cpu_time", "peak_memory", "gc_pause", "findings"}
)
_AUDITED: Final[frozenset[Metric]] = frozenset({"gc_pause", "findings"})


class ServiceMeter:
    """Measures one metric of one service."""

    def __init__(self, services: Services, sides: Sides, budget: Budget) -> None:
        self._services = services
        self._sides = sides
        self._budget = budget
        self._found: tuple[str, ...] = ()

    def sample(self, name: Literal["base", "head"], number: int) -> tuple[float, ...]:
        """The value of one fresh service under load. Raises Unmeasurable."""
        side = self._sides.side(name)
        metric = self._budget.metric
        with self._services.started(side, number, traceable=metric in _AUDITED) as service:
            if metric in _AUDITED:
                return (self._audited(service, number),)
            before_s = _cpu_s(service.running.pid)
            loaded = self._services.loaded(service, number)
            after_s = _cpu_s(service.running.pid)
            if metric == "peak_memory":
                return (float(service.running.stop().max_rss_bytes),)
        if metric == "cpu_time":
            if not loaded.requests:
                raise Unmeasurable(
                    "B-LOAD", 'CPU time per request needs their number: the load generator is to tell "requests"'
                )
            return ((after_s - before_s) / loaded.requests,)
        value = loaded.latency_p99_s if metric == "latency_p99" else loaded.throughput_per_s
        assert value is not None
        return (value,)

    def grew(self) -> tuple[str, ...]:
        """The functions whose CPU grew, by an audit of both sides under load; of findings, which they are."""
        if self._budget.metric == "findings":
            return self._found
        if self._budget.metric not in ("latency_p99", "throughput", "cpu_time"):
            return ()
        seen = {name: self._seen(self._sides.side(name)) for name in ("base", "head")}
        base, head = (audit.costs(seen[name], self._sides.side(name).folder) for name in ("base", "head"))
        return audit.grown(base, head, audit.cpu_percent(seen["base"]))

    def _seen(self, side: Side) -> Audit:
        with self._services.started(side, 0, traceable=True) as service:
            return audit.audited(self._services, service, 0)

    def _audited(self, service: Service, number: int) -> float:
        seen = audit.audited(self._services, service, number)
        if self._budget.metric == "gc_pause":
            return audit.longest_pause_s(seen)
        found = audit.findings(seen, self._budget.severity)
        if service.side.name == "head":
            self._found = tuple(f"{each.rule} in {each.where.function}" if each.where else each.rule for each in found)
        return float(len(found))


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process and of all that it started and that still run."""
    import psutil

    total_s = 0.0
    try:
        for process in (first := psutil.Process(pid), *first.children(recursive=True)):
            total_s += cpu_time_s(process.pid)
    except (psutil.Error, OSError):
        pass  # it has just ended, which the load generator's answer tells
    return total_s
