"""Real services that fight for CPUs, wait for the GIL or block their event loop, and healthy ones that only look so.

Where other programs take the CPUs, a rule may say that it cannot tell: such a test is tried again, and then skipped.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from perftools_benchmarks.sched import measuring, running, tuning
from perftools_benchmarks.sched.scenarios import RULES, Load, Service, Setting

from tests.live.command import report
from tests.live.services import line_of

pytestmark = pytest.mark.live

SERVICES = {service.name: service for service in tuning.SERVICES}
BATCH = SERVICES["batch scoring, OpenBLAS"]
CPUS = 2
WINDOW_S = 5
LOUD = 0.3
"""Part of the CPUs from which other programs are a reason why something cannot be told."""


class Audited(NamedTuple):
    """A service in one setting, after an audit under load."""

    report: Any
    folder: Path
    """Of its code, which is gone."""
    rate: float
    """Requests a second."""

    def finding(self, rule: str) -> Any:
        return next((finding for finding in self.report["findings"] if finding["rule"] == rule), None)

    def fine(self, rule: str) -> bool:
        return any(ok["rule"] == rule for ok in self.report["checked_ok"])

    @property
    def alarms(self) -> list[str]:
        return [
            each["title"] for each in self.report["findings"] if each["rule"] in RULES and each["severity"] != "info"
        ]

    @property
    def others(self) -> float:
        """CPUs that other programs used."""
        sched = self.report["observations"]["sched"]
        used_s = sum(process["cpu_s"] for process in sched["processes"])
        return float((sched["host"]["busy_s"] - used_s) / sched["span_s"])


@pytest.fixture(autouse=True)
def _two_cpus() -> Iterator[None]:
    """The settings are made for two CPUs; whatever is started inherits them."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < CPUS:
        pytest.skip("needs two CPUs")
    os.sched_setaffinity(0, sorted(allowed)[:CPUS])
    yield
    os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def _served(service: Service, setting: Setting) -> Iterator[tuple[int, int, Path]]:
    if missing := service.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    with running.code("tuning") as folder, running.running(service, setting, folder) as (pid, port):
        yield pid, port, folder


def audited(service: Service, setting: Setting, rule: str, *, is_found: bool) -> Audited:
    """Audit it until the rule has answered as it should; skipped where other programs are loud enough to explain it."""
    with _served(service, setting) as (pid, port, folder), running.loaded(service.load, port) as clients:
        for _ in range(2):
            time.sleep(measuring.WARM_UP_S)
            clients.rate()
            seen = Audited(report("audit", pid, "--window", WINDOW_S), folder, 0.0)
            seen = seen._replace(rate=clients.rate())
            if seen.finding(rule) if is_found else seen.fine(rule):
                return seen
    told = [each for each in (*seen.report["checked_ok"], *seen.report["not_checked"]) if each["rule"] == rule]
    if seen.others > LOUD * CPUS and (is_found or seen.finding(rule) is None):
        pytest.skip(f"other programs use {seen.others:.1f} of {CPUS} CPUs: {told}")
    pytest.fail(f"{rule}: {told}, {seen.report['findings']}")


def test_two_workers_of_four_blas_threads_fight_and_the_advised_setting_is_fine_and_faster() -> None:
    harmful = Setting(workers=2, native=4)
    before = audited(BATCH, harmful, "oversubscribed", is_found=True)
    finding = before.finding("oversubscribed")
    assert finding["severity"] in ("medium", "high")
    assert "Start 2 worker processes, with `OPENBLAS_NUM_THREADS=1`" in finding["todo"]
    advised = measuring.parsed(finding, harmful)
    assert advised == Setting(workers=CPUS, native=1)
    after = audited(BATCH, advised, "oversubscribed", is_found=False)
    assert after.alarms == []
    assert after.rate > 1.4 * before.rate, (before.rate, after.rate)


def test_threads_of_a_pool_that_compute_in_python_are_bound_by_the_gil() -> None:
    seen = audited(SERVICES["thread pool of CPU work"], Setting(1, threads=8), "gil-bound", is_found=True)
    finding = seen.finding("gil-bound")
    assert finding["severity"] == "medium"
    assert "uvicorn --workers 2" in finding["todo"]


def test_a_handler_that_blocks_its_event_loop_is_named_with_its_line() -> None:
    service = SERVICES["event loop, 150 or 300 ms of sync work"]._replace(load=Load(4, ("/report",)))
    seen = audited(service, Setting(variant="long"), "event-loop-blocked", is_found=True)
    finding = seen.finding("event-loop-blocked")
    assert finding["severity"] in ("medium", "high")
    source = running.SERVICES / "tuning" / "reports.py"
    assert finding["where"]["file"] == str(seen.folder / source.name)
    assert (finding["where"]["function"], finding["where"]["line"]) == (
        "app",
        line_of(str(source), '= b"%d" % report()'),
    )


@pytest.mark.parametrize(
    ("name", "setting", "rule"),
    [
        ("64 threads that sleep", Setting(1, threads=64), "gil-bound"),
        ("event loop, many short awaits", Setting(), "event-loop-blocked"),
    ],
)
def test_healthy_services_get_no_alarm(name: str, setting: Setting, rule: str) -> None:
    assert audited(SERVICES[name], setting, rule, is_found=False).alarms == []
