"""Memory of real services: leaks against what only looks like one, all at once, and what forked workers copy."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from perftools_benchmarks.memory import running as programs

from perftools.causes.growth import growths
from perftools.detect import fork_memory, memory_growth
from perftools.record import Memory
from tests.live.command import report
from tests.live.services import running

pytestmark = pytest.mark.live

TARGET = Path(__file__).with_name("memory_target.py")
WINDOW_S = 6.0


class Seen(NamedTuple):
    memory: Memory
    pids: Mapping[str, int]

    def shape(self, name: str) -> str:
        (growth,) = [each for each in growths(self.memory) if each.pid == self.pids[name]]
        return memory_growth.shape(growth)


def watched(services: Mapping[str, Sequence[str]], *, after_s: float = 1.0, window_s: float = WINDOW_S) -> Seen:
    with contextlib.ExitStack() as stack:
        pids = {
            name: stack.enter_context(running([sys.executable, str(TARGET), *arguments], ready="ready"))[0].pid
            for name, arguments in services.items()
        }
        time.sleep(after_s)
        return Seen(programs.read(list(pids.values()), window_s), pids)


def test_a_leak_is_told_from_steady_services_and_from_caches_that_fill_or_evict() -> None:
    services = {"leak": ("leak", "0"), "steady": ("steady", "0"), "fills": ("fills", "0"), "evicts": ("evicts", "0")}
    seen = watched(services, after_s=2.5)
    assert {name: seen.shape(name) for name in services} == {
        "leak": "steady", "steady": "none", "fills": "none", "evicts": "none",
    }  # fmt: skip
    growth = next(each for each in growths(seen.memory) if each.pid == seen.pids["leak"])
    assert 30 < growth.own.rate * 60 / 2**20 < 300


def test_a_cache_that_fills_in_the_window_is_no_leak() -> None:
    seen = watched({"fills": ("fills", "2")}, after_s=0.5)
    (growth,) = growths(seen.memory)
    assert growth.own.grown > 20 << 20, "it filled while it was watched"
    assert seen.shape("fills") != "steady"


def test_the_command_reports_it_and_says_that_a_young_process_may_be_warming_up(tmp_path: Path) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text("[tool.perftools.limits.memory-growth]\nwarm_up_s = 0\n")
    with running([sys.executable, str(TARGET), "leak", "0"], ready="ready") as (process, _):
        time.sleep(1)
        seen: Any = report("audit", process.pid, "--window", WINDOW_S, "--config", settings)
    (finding,) = [each for each in seen["findings"] if each["rule"] == "memory-growth"]
    assert finding["severity"] in ("low", "medium", "high")
    (held,) = seen["observations"]["memory"]["processes"]
    assert held["growth"]["low"] > 0 and held["private_bytes"] > held["shared_bytes"]


def test_forked_workers_copy_what_they_touch_and_less_of_it_where_it_was_frozen() -> None:
    copied = {}
    with programs.running([["forked.py", "dicts", kind, "1", "80"] for kind in ("plain", "frozen")]) as pids:
        time.sleep(2)
        seen = programs.read(pids, 1.0)
        for pid, kind in zip(pids, ("plain", "frozen"), strict=True):
            (copied[kind],) = [each for each in fork_memory.forks(seen) if each.last.parent == pid]
    assert copied["plain"].last.inherited_bytes > 60 << 20
    assert copied["plain"].share > 0.6
    assert copied["frozen"].share < 0.7 * copied["plain"].share
