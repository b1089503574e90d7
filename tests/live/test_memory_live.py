"""Memory of real services: leaks against what only looks like one, all at once, and what forked workers copy."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from perftools_benchmarks.memory import running as programs

from perftools.causes.growth import growths
from perftools.detect import fork_memory, memory_growth
from tests.live.command import watching
from tests.live.services import running

pytestmark = pytest.mark.live

TARGET = Path(__file__).with_name("memory_target.py")
WINDOW_S = 5.0
STEADY = ("steady", "fills", "evicts")


def test_a_leak_is_told_from_a_steady_service_and_from_caches_that_fill_or_evict(tmp_path: Path) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text("[tool.perftools.limits.memory-growth]\nwarm_up_s = 0\n")
    with contextlib.ExitStack() as stack:
        services = {kind: running([sys.executable, str(TARGET), kind], ready="ready") for kind in ("leak", *STEADY)}
        pids = {kind: stack.enter_context(service)[0].pid for kind, service in services.items()}
        time.sleep(1)
        arguments = ("--window", WINDOW_S, "--config", settings, "--json")
        audit = stack.enter_context(watching(pids["leak"], *arguments))
        filling = threading.Timer(1.0, os.kill, (pids["fills"], signal.SIGUSR1))
        filling.start()
        seen = programs.read([pids[kind] for kind in STEADY], WINDOW_S)
        filling.join()
        leaking: Any = json.loads(audit.communicate(timeout=60)[0])
    found = {growth.pid: growth for growth in growths(seen)}
    shapes = {kind: memory_growth.shape(found[pids[kind]]) for kind in STEADY}
    assert "steady" not in shapes.values(), shapes
    assert found[pids["fills"]].own.grown > 20 << 20, "it filled while it was watched"
    (finding,) = [each for each in leaking["findings"] if each["rule"] == "memory-growth"]
    assert finding["severity"] in ("low", "medium", "high")
    (held,) = leaking["observations"]["memory"]["processes"]
    assert 30 < held["growth"]["value"] < 400 and held["growth"]["low"] > 0
    assert held["private_bytes"] > held["shared_bytes"]


def test_forked_workers_copy_what_collections_touch_unless_it_was_frozen() -> None:
    kinds = ("plain", "frozen")
    with programs.running([["forked.py", "dicts", kind, "1", "60"] for kind in kinds]) as pids:
        time.sleep(1.5)
        seen = programs.read(pids, 0.3)
    copied = {
        kind: next(each for each in fork_memory.forks(seen) if each.last.parent == pid)
        for pid, kind in zip(pids, kinds, strict=True)
    }
    assert copied["plain"].last.inherited_bytes > 50 << 20
    assert copied["plain"].share > 0.3
    assert copied["frozen"].share < 0.7 * copied["plain"].share
