"""The main job on the reference service: each slow form gets one finding at the right place, the healthy one none."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import perftools_benchmarks.forms
import pytest

from tests.live.command import report
from tests.live.services import Service, children, line_of, loaded, reference

pytestmark = pytest.mark.live

FORMS = Path(perftools_benchmarks.forms.__file__).parent
WINDOW = ("--window", "5")


def judged(found: Any) -> list[Any]:
    """The findings about the service: that others take the CPUs which it waits for says nothing of it."""
    return [finding for finding in found["findings"] if finding["rule"] != "noisy-neighbour"]


def assert_finding(finding: Any, rule: str, form: str, function: str, first: str, last: str) -> None:
    """It is of that rule, high, and from the line that holds `first` to the one that holds `last`."""
    file = FORMS / f"{form}.py"
    assert (finding["rule"], finding["severity"]) == (rule, "high")
    assert finding["where"] == {
        "file": str(file),
        "function": function,
        "line": line_of(str(file), first),
        "end_line": line_of(str(file), last),
    }
    share = finding["share"]
    assert 0.2 <= share["low"] <= share["value"] <= share["high"] <= 1
    assert share["of"] == "cpu"
    assert finding["entry"]["function"] == "Application.__call__"


def is_list_of_float(kind: Any) -> bool:
    """Of floats, or of lists of them: what the outer loop works on."""
    return kind["name"] == "list" and any(
        each["name"] == "float" or is_list_of_float(each) for each in kind.get("items", ())
    )


def test_lists_get_their_finding_and_a_saved_audit_says_the_same_again(tmp_path: Path) -> None:
    saved = tmp_path / "audit.json"
    with reference("lists") as service, loaded(service):
        first = report("audit", service.pid, "--window", "8", "-o", saved)
    [finding] = judged(first)
    inner = ("dot", "for a, b in zip(left, right)", "total += a * b")
    outer = ("Lists.score", "for candidate in candidates", "scores.append(")
    led_by = inner if finding["where"]["function"] == "dot" else outer  # one cause, led by whichever weighed more
    assert_finding(finding, "list-hot-path", "lists", *led_by)
    seen = {fact["name"]: fact["type"] for fact in finding["facts"]}
    assert any(is_list_of_float(kind) for kind in seen.values()), seen
    assert f"{led_by[0]}()" in first["verdict"]
    assert stat.S_IMODE(os.stat(saved).st_mode) == 0o600
    assert report("explain", saved) == first  # the service has ended meanwhile


def test_pandas_gets_its_finding() -> None:
    with reference("pandas_apply") as service, loaded(service):
        found = report("audit", service.pid, *WINDOW)
    findings = judged(found)
    assert {each["rule"] for each in findings} <= {"pandas-hot-path", "event-loop-blocked", "gc-pause"}  # long requests
    finding = next(each for each in findings if each["rule"] == "pandas-hot-path")
    apply = "frame.apply(score_row, axis=1)"
    assert_finding(finding, "pandas-hot-path", "pandas_apply", "PandasApply.score", apply, apply)


def test_numpy_under_the_same_load_gets_none() -> None:
    with reference("numpy") as service, loaded(service):  # as many cores busy, and so many times the requests
        found = report("audit", service.pid, *WINDOW)
    assert judged(found) == []
    assert {ok["rule"] for ok in found["checked_ok"]} >= {"list-hot-path", "pandas-hot-path"}
    assert found["quality"]["loaded"]
    assert "numpy.py" in json.dumps(found["observations"]["time"])


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_two_workers_are_audited_as_one_service(server: str) -> None:
    with reference("lists", workers=2, server=server) as service, loaded(service, busy=0.8):
        worker, port = children(service.pid)[-1], service.url.rpartition(":")[2]
        named = [worker] if server == "gunicorn" else ["--port", port]
        found = report("audit", *named, *WINDOW)
        family = {service.pid, *children(service.pid)}
    roles = {process["pid"]: process["role"] for process in found["target"]["processes"]}
    assert roles.keys() == family
    helpers = [] if server == "gunicorn" else ["helper"]  # the resource tracker of multiprocessing
    assert sorted(roles.values()) == [*helpers, "master", "worker", "worker"]
    assert found["target"]["root_pid"] == service.pid
    workers = {pid for pid, role in roles.items() if role == "worker"}
    loads = found["observations"]["processes"]
    assert {load["pid"] for load in loads} == workers
    for load in loads:
        assert load["cpu_percent"] > 5
        assert load["samples"] > 0
        assert load["top"] is not None
    assert "dot" in {load["top"]["function"] for load in loads}  # a worker may show its server's socket write on top
    first = judged(found)[0]
    assert first["rule"] == "list-hot-path"
    assert first["where"]["file"] == str(FORMS / "lists.py")


def test_an_idle_service_is_not_judged_and_says_so() -> None:
    with reference("lists") as service:
        found = report("audit", service.pid, "--window", "3", code=4)
        assert answers(service)
    assert found["findings"] == found["checked_ok"] == []
    assert {unjudged["rule"] for unjudged in found["not_checked"]} >= {"list-hot-path", "pandas-hot-path"}
    assert not found["quality"]["loaded"]
    assert "not loaded" in found["verdict"].lower()


def answers(service: Service) -> bool:
    load = [sys.executable, "-m", "perftools_benchmarks", "load", service.url, "--rate", "20", "--seconds", "0.5"]
    return subprocess.run(load, capture_output=True, timeout=60, check=False).returncode == 0
