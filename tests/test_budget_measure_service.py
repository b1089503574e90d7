"""Services measured: started, loaded by the project's own command, and ended."""

from __future__ import annotations

import time

import psutil
import pytest

from perftools.budget.measure import audit
from perftools.budget.measure.audit import Cost
from perftools.budget.measure.runner import MeterRunner
from perftools.budget.measure.service import Loaded, Services, parse
from perftools.budget.measure.sides import Sides
from perftools.budget.model import Unmeasurable

from . import budget_measuring as sample

SERVICE = "python service.py {port}"
LOAD = "python load.py {port} 0.4"
READY = "http://127.0.0.1:{port}/ready"


@pytest.fixture(scope="module")
def slower(tmp_path_factory):
    repo = sample.repository(tmp_path_factory.mktemp("slower") / "repo")
    sample.edit(repo, "features.py", *sample.SLOWER)
    with Sides(repo, base="main") as sides:
        yield sides


def _budget(metric, **about):
    return sample.budget(
        metric=metric, **({"target": SERVICE, "load": LOAD, "ready": READY, "max_regression": 0.1} | about)
    )


def _runner(sides, metric, **about):
    budget = _budget(metric, **about)
    return MeterRunner(sides, budget)


@pytest.mark.parametrize("metric", ["latency_p99", "cpu_time"])
def test_a_slower_service_shows(slower, metric):
    pair = _runner(slower, metric).pair()
    assert pair.head[0] / pair.base[0] > 1.1


def test_peak_memory_is_that_of_the_service(slower):
    rounds = _runner(slower, "peak_memory", max=1e9, max_regression=None).alone()
    assert 5 << 20 < rounds[0] < 1 << 30


def test_all_processes_of_a_service_end_in_whatever_way(slower):
    budget = _budget("latency_p99")
    family = []

    def interrupted():
        with Services(slower, budget).started(slower.head, 0) as service:
            first = psutil.Process(service.running.pid)
            family.extend([first, *_children(first)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(family) > 1
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)


def _children(process):
    deadline = time.monotonic() + 10
    while not (children := process.children(recursive=True)):
        assert time.monotonic() < deadline, "the service starts no helper"
        time.sleep(0.01)
    return children


def test_a_service_that_ends_says_why(slower):
    runner = _runner(slower, "latency_p99", target="python service.py no-port-{port}")
    with pytest.raises(Unmeasurable, match="the service of head ended by itself: ValueError") as problem:
        runner.alone()
    assert problem.value.code == "B-SERVICE"


def test_a_service_that_never_gets_ready(slower, monkeypatch):
    monkeypatch.setattr("perftools.budget.measure.service.READY_S", 0.3)
    runner = _runner(slower, "latency_p99", target="python -c 'import time; time.sleep(60)' {port}", ready=None)
    with pytest.raises(Unmeasurable, match="was not ready after 0 s \\(port "):
        runner.alone()


def test_a_service_that_cannot_tell_when_it_is_ready_is_refused(slower):
    with pytest.raises(Unmeasurable, match="write ready"):
        _runner(slower, "latency_p99", target="python service.py 8000", ready=None)


def test_a_load_generator_that_fails_or_says_nothing_is_told(slower):
    for load, reason in (
        ("python -c 'import sys; sys.exit(\"no route\")'", "the load generator failed: no route"),
        ("python -c 'print(\"fast\")'", "the last line of the load generator is to be .*not 'fast'"),
        ("no-such-generator", "the load generator cannot be run: no-such-generator"),
    ):
        with pytest.raises(Unmeasurable, match=reason) as problem:
            _runner(slower, "latency_p99", load=load).alone()
        assert problem.value.code == "B-LOAD"


def test_a_command_is_words_and_no_shell(slower, tmp_path):
    witness = tmp_path / "ran"
    runner = _runner(slower, "latency_p99", load=f"python -c pass ; touch {witness} $(touch {witness})")
    with pytest.raises(Unmeasurable):
        runner.alone()
    assert not witness.exists()
    with pytest.raises(Unmeasurable, match="load is no command"):
        _runner(slower, "latency_p99", load="python 'load.py")


def test_an_application_is_served_by_what_its_environment_has(slower):
    pytest.importorskip("uvicorn")
    (slower.root / "app.py").write_text(
        "async def app(scope, receive, send):\n"
        "    assert scope['type'] == 'http'\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'1'})\n"
    )
    rounds = _runner(slower, "throughput", target="app:app", ready=None, max_regression=None, min=1.0).alone()
    assert rounds[0] > 1


@pytest.mark.parametrize(
    ("said", "metric", "expected"),
    [
        ('{"latency_p99_s": 0.012, "throughput_per_s": 480.5, "more": []}', "latency_p99", Loaded(0.012, 480.5)),
        ("warming up\n0.5\n\n", "latency_p99", Loaded(latency_p99_s=0.5)),
        ("512\n", "throughput", Loaded(throughput_per_s=512.0)),
        ('{"requests": 7}', "cpu_time", Loaded(requests=7)),
    ],
)
def test_the_last_line_of_a_load_generator(said, metric, expected):
    assert parse(said, metric) == expected


@pytest.mark.parametrize(
    "said", ["", "fast", '{"throughput_per_s": 3}', '{"latency_p99_s": "3 ms"}', "nan", "0", "-1", "{", "[1]", "1e999"]
)
def test_a_last_line_that_says_nothing(said):
    with pytest.raises(Unmeasurable) as problem:
        parse(said, "latency_p99")
    assert problem.value.code == "B-LOAD"


def test_functions_of_a_service_that_grew():
    base = {"a": Cost(8, 10, 12), "b": Cost(30, 40, 50)}
    head = {"a": Cost(18, 20, 22), "b": Cost(35, 45, 55), "new": Cost(4, 5, 6)}
    assert audit.grown(base, head, whole=50.0) == ("a +20 %", "new +10 %")


@pytest.mark.live
def test_an_audit_under_load_gives_pauses_and_findings(slower, monkeypatch):
    monkeypatch.setattr(audit, "WINDOW_S", 2.0)
    load = "python load.py {port} 10"
    paused = _runner(slower, "gc_pause", load=load, max=1.0, max_regression=None).alone()
    assert len(paused) == 1 and 0 <= paused[0] < 1
    counted = _runner(slower, "findings", load=load, max=0, max_regression=None).alone()
    assert counted[0] == int(counted[0]) >= 0
