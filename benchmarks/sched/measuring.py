"""Audits each setting of a service, then compares all of them in interleaved runs."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..diagnosis.suite import audit
from . import quota
from .running import hogs, loaded, running
from .scenarios import FIGHT, RULES, Service, Setting

WARM_UP_S = 0.4
"""Of a run, before it counts."""
_NATIVE = re.compile(r"That is (\d+) workers? of (\d+) native")
_WORKERS = re.compile(r"(?:--workers |Start )(\d+)")


class Plan(NamedTuple):
    """How much is run."""

    window_s: float
    run_s: float
    runs: int


class Alarm(NamedTuple):
    """A finding of one of the rules that are judged here, low or above."""

    rule: str
    severity: str
    title: str
    where: str
    advised: Setting | None


class Seen(NamedTuple):
    """What an audit said about scheduling."""

    alarms: tuple[Alarm, ...] = ()
    notes: tuple[str, ...] = ()
    """Findings for information, by rule."""
    not_told: Mapping[str, str] = {}
    """Rules that could not judge, and why."""
    runnable: float = 0.0
    """Threads that ran or waited for a CPU, on average."""
    used: float = 0.0
    """CPUs in use by the service, on average."""
    others: float = 0.0
    """CPUs that other programs used meanwhile."""
    failed: str | None = None


class Measured(NamedTuple):
    """One service, all of its settings."""

    audits: dict[Setting, Seen]
    rates: dict[Setting, list[float]]
    """Requests a second by run: the settings in turn within each."""
    skipped: str | None = None


def measure(service: Service, folder: Path, plan: Plan, say: Callable[[str], None]) -> Measured:
    """Audit every setting, and compare them and what was advised. Raises NotServing."""
    if missing := service.missing():
        return Measured({}, {}, f"needs {', '.join(missing)}")
    with contextlib.ExitStack() as stack:
        tasks = None
        if service.quota is not None:
            try:
                tasks = stack.enter_context(quota.group(service.quota))
            except quota.Unavailable as why:
                return Measured({}, {}, str(why))
        ports: dict[Setting, int] = {}
        audits: dict[Setting, Seen] = {}
        for setting in service.settings:
            pid, ports[setting] = stack.enter_context(running(service, setting, folder, tasks))
            with hogs(service.hogs), loaded(service.load, ports[setting]):
                time.sleep(WARM_UP_S)
                audits[setting] = _retried(pid, service, setting, plan.window_s)
            say(f"{setting}: {told(audits[setting])}")
        advised = [alarm.advised for seen in audits.values() for alarm in seen.alarms if alarm.advised is not None]
        if len(service.settings) > 1:
            for setting in dict.fromkeys(advised):
                if setting not in ports:
                    _, ports[setting] = stack.enter_context(running(service, setting, folder, tasks))
        rates: dict[Setting, list[float]] = {setting: [] for setting in ports}
        for number in range(plan.runs if len(ports) > 1 else 0):
            for setting in _rotated(list(ports), number):
                rates[setting].append(_run(service, ports[setting], plan.run_s))
    return Measured(audits, rates)


def _run(service: Service, port: int, seconds: float) -> float:
    with hogs(service.hogs), loaded(service.load, port) as clients:
        time.sleep(WARM_UP_S)
        clients.rate()
        time.sleep(seconds)
        return clients.rate()


def _rotated(settings: list[Setting], by: int) -> list[Setting]:
    by %= len(settings)
    return [*settings[by:], *settings[:by]]


def _retried(pid: int, service: Service, setting: Setting, window_s: float) -> Seen:
    """Once more where other programs left nothing to judge."""
    seen = _seen(audit(pid, window_s), service, setting)
    if seen.not_told or seen.failed:
        seen = _seen(audit(pid, window_s), service, setting)
    return seen


def _seen(report: Mapping[str, Any], service: Service, setting: Setting) -> Seen:
    if "error" in report:
        return Seen(failed=report["error"]["message"])
    findings, sched = report["findings"], report["observations"]["sched"]
    span_s = sched["span_s"]
    used = sum(process["cpu_s"] for process in sched["processes"]) / span_s
    return Seen(
        alarms=tuple(
            _alarm(finding, service, setting)
            for finding in findings
            if finding["rule"] in RULES and finding["severity"] != "info"
        ),
        notes=tuple(finding["rule"] for finding in findings if finding["severity"] == "info"),
        not_told={
            each["rule"]: each["missing"]["reason"]
            for each in report["not_checked"]
            if each["rule"] in RULES and each["missing"]["code"] != "E-IDLE"
        },
        runnable=sum(thread["run_s"] + thread["wait_s"] for thread in sched["threads"]) / span_s,
        used=used,
        others=max(0.0, sched["host"]["busy_s"] / span_s - used),
    )


def _alarm(finding: Mapping[str, Any], service: Service, setting: Setting) -> Alarm:
    where = finding["where"]
    place = f"{where['function']}:{where['line']}" if where else ""
    advised = service.remedies.get(finding["rule"]) or parsed(finding, setting)
    return Alarm(finding["rule"], finding["severity"], finding["title"], place, advised)


def parsed(finding: Mapping[str, Any], setting: Setting) -> Setting | None:
    """The setting that a finding's text tells to write; None where it names none."""
    todo = finding["todo"]
    if finding["rule"] == FIGHT:
        found = _NATIVE.search(todo)
        return setting._replace(workers=int(found[1]), native=int(found[2])) if found else None
    found = _WORKERS.search(todo)
    return setting._replace(workers=int(found[1]), threads=1) if found else None


def told(seen: Seen) -> str:
    """What was said, in a line."""
    if seen.failed:
        return f"failed: {seen.failed}"
    said = [f"{alarm.rule} ({alarm.severity}){' at ' + alarm.where if alarm.where else ''}" for alarm in seen.alarms]
    said += [f"{rule} (info)" for rule in seen.notes]
    said += [f"{rule} not told" for rule in seen.not_told]
    return ", ".join(said) or "quiet"
