"""The pytest plugin, in projects made for the test: off, as the worker of a check, and by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from perftools.budget import pytest_plugin, rounds
from tests.pythons import pythons

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
BARE = ("-p", "no:cacheprovider")
COUNTED = """
import pytest
calls = []
def work(n=300):
    calls.append(n)
    return sum(range(n))
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """Runs pytest, with this plugin alone, on a file with these tests, and gives what came out."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(tests: str, *arguments: str):
        pytester.makepyfile(test_speed=COUNTED + tests)
        return pytester.runpytest_inprocess(*BARE, *arguments, plugins=[pytest_plugin])

    return run


@pytest.fixture
def worker(project, pytester):
    """Runs the worker on a file with these tests: the result, and the file that it wrote."""

    def run(tests: str, *arguments: str):
        out = pytester.path / "out.json"
        result = project(tests, f"--perf-budget-worker={out}", *arguments)
        return result, json.loads(out.read_text()) if out.exists() else None

    return run


BENCHMARK = """
def test_work(perf_budget):
    assert perf_budget(work, n=300) == 44850
    print("\\nCALLS", len(calls))
"""
MARKED = """
@pytest.mark.perf_budget(metric="cpu_time", max="3s")
def test_work(tmp_path):
    assert tmp_path.exists()
    work()
@pytest.fixture(autouse=True)
def count():
    yield
    print("\\nCALLS", len(calls))
"""


def calls_of(result) -> int:
    return int(next(line for line in result.outlines if line.startswith("CALLS")).split()[1])


@pytest.mark.parametrize("tests", [BENCHMARK, MARKED])
def test_unless_it_is_asked_a_benchmark_is_a_test_that_calls_once(project, tests):
    result = project(tests, "--strict-markers", "-s")
    result.assert_outcomes(passed=1)
    assert calls_of(result) == 1
    assert "performance budgets" not in result.stdout.str()


def test_off_it_loads_nothing_but_itself(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    code = """
import sys, pytest
pytest.main(["-q"])
before = set(sys.modules)
pytest.main(["-q", "-p", "perftools.budget.pytest_plugin"])
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""
    alone = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=alone, capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == ["perftools", "perftools.budget", "perftools.budget.pytest_plugin"]


def test_it_is_found_where_perftools_is_installed():
    points = metadata.distribution("perftools-ml").entry_points.select(group="pytest11")
    assert [(point.name, point.value) for point in points] == [("perf_budget", "perftools.budget.pytest_plugin")]


@pytest.mark.parametrize("tests", [BENCHMARK, MARKED])
def test_a_worker_writes_ten_rounds_of_the_calls_that_it_was_told(worker, tests):
    result, found = worker(tests, "--perf-budget-loops=7", "-s")
    result.assert_outcomes(passed=1)
    assert calls_of(result) == 7 * (1 + rounds.ROUNDS)
    assert found.keys() == {"loops", "rounds_cpu_s", "rounds_wall_s", "max_rss_bytes"}
    assert found["loops"] == 7
    assert len(found["rounds_cpu_s"]) == len(found["rounds_wall_s"]) == 10
    assert all(value > 0 for value in found["rounds_cpu_s"] + found["rounds_wall_s"])
    assert 10 * 2**20 < found["max_rss_bytes"] < 10 * 2**30


def test_without_a_number_of_calls_a_round_takes_long_enough(worker):
    _, found = worker("def test_work(perf_budget): perf_budget(work)")
    assert found["loops"] >= 16
    longest_s = max(found["rounds_wall_s"]) * found["loops"]
    assert longest_s >= rounds.LEAST_ROUND_S / 2
    assert min(found["rounds_cpu_s"]) < rounds.LEAST_ROUND_S


def test_what_sleeps_takes_wall_time_and_no_cpu_time(worker):
    _, found = worker("import time\ndef test_work(perf_budget): perf_budget(time.sleep, 0.006)")
    assert min(found["rounds_wall_s"]) >= 0.006
    assert min(found["rounds_cpu_s"]) < 0.002


@pytest.mark.parametrize("calls", [0, 5])
@pytest.mark.parametrize("tests", [BENCHMARK, MARKED])
def test_for_counting_the_function_is_called_exactly_so_often(worker, tests, calls):
    tests += "\n@pytest.fixture(autouse=True)\ndef after():\n    yield\n    print('\\nCALLS', len(calls))\n"
    result, found = worker(tests, f"--perf-budget-calls={calls}", "-s")
    assert result.ret == 0
    assert calls_of(result) == calls
    assert found == {"loops": calls, "rounds_cpu_s": [], "rounds_wall_s": [], "max_rss_bytes": 0}


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("def test_work(perf_budget): assert perf_budget(work) == 44851", "assert 44850 == 44851"),
        ("def test_work(perf_budget): perf_budget(work); perf_budget(work)", "the test has two benchmarks"),
        ("async def work(): pass\ndef test_work(perf_budget): perf_budget(work)", "a coroutine was made and not run"),
        ("def test_work(): work()", "neither marker nor fixture"),
        ("@pytest.mark.skip(reason='needs a GPU')\ndef test_work(perf_budget): perf_budget(work)", "needs a GPU"),
        ("def test_work(perf_budget): perf_budget(1 / 0)", "ZeroDivisionError"),
    ],
)
def test_what_was_not_measured_writes_nothing_and_fails(worker, tests, said):
    result, found = worker(tests)
    assert result.ret != 0
    assert found is None
    assert said in result.stdout.str() + result.stderr.str()


BORROWED = """
def test_work(benchmark):
    assert benchmark(work, n=300) == 44850
    benchmark.extra_info["n"] = 300
    benchmark.group = "sums"
    print("\\nCALLS", len(calls))
"""


@pytest.mark.parametrize("plugin", ["", "benchmark"])
def test_the_benchmark_fixture_is_ours_while_it_measures(worker, plugin):
    if plugin:
        pytest.importorskip("pytest_benchmark")
    result, found = worker(BORROWED, "--perf-budget-loops=2", "-s", *(("-p", plugin) if plugin else ()))
    result.assert_outcomes(passed=1)
    assert calls_of(result) == 22
    assert found["loops"] == 2


def test_it_is_that_of_pytest_benchmark_otherwise(project):
    pytest.importorskip("pytest_benchmark")
    result = project(BORROWED, "-p", "benchmark", "--benchmark-disable", "-s")
    result.assert_outcomes(passed=1)
    assert calls_of(result) == 1


def test_what_a_benchmark_uses_up_is_made_anew_for_each_call(worker):
    tests = """
made = []
def setup():
    made.append(list(range(300)))
    return (made[-1],), {}
def test_pop(benchmark):
    benchmark.pedantic(list.clear, setup=setup, rounds=50)
    print("\\nCALLS", len(made))
def test_args(benchmark):
    assert benchmark.pedantic(work, args=(3,), kwargs={}, rounds=5, iterations=2) == 3
"""
    result, found = worker(tests, "--perf-budget-loops=3", "-s", "-k", "pop")
    result.assert_outcomes(passed=1, deselected=1)
    assert calls_of(result) == 33
    result, found = worker(tests, "-k", "args")
    result.assert_outcomes(passed=1, deselected=1)
    assert found["loops"] >= 16


def test_processes_that_share_the_cpus_are_refused(project):
    pytest.importorskip("xdist")
    for option in ("--perf-budget", "--perf-budget-worker=out.json"):
        result = project(BENCHMARK, option, "-p", "xdist", "-n2")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "performance budgets are not measured under pytest-xdist" in result.stderr.str()
        assert len(result.stderr.lines) == 1 + result.stderr.lines.count("")
    project(BENCHMARK, "--perf-budget", "-p", "xdist", "-n0").assert_outcomes(passed=1)


def test_coverage_is_refused(pytester, monkeypatch):
    pytest.importorskip("coverage")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(test_speed=COUNTED + BENCHMARK)
    covered = (sys.executable, "-m", "coverage", "run", "-m", "pytest", "-p", "perftools.budget.pytest_plugin")
    result = pytester.run(*covered, "--perf-budget")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "performance budgets are not measured under coverage" in result.stderr.str()


def test_by_itself_it_lists_what_each_benchmark_takes(project):
    tests = f"""
{BENCHMARK}
@pytest.mark.perf_budget(metric="wall_time", max="3s", max_regression="5%")
def test_marked():
    work()
@pytest.mark.perf_budget(metric="instructions", max=1000)
def test_counted():
    work()
def test_other(): pass
"""
    result = project(tests, "--perf-budget", "--strict-markers")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "*performance budgets*",
            "test_speed.py::test_work: CPU * ms, wall * ms; no max here",
            "test_speed.py::test_marked: CPU * ms, wall * ms; max 3e+03 ms",
            "test_speed.py::test_counted: * no max here",
            "*perf budget check compares with the base",
        ]
    )


def test_by_itself_it_fails_what_exceeds_its_max_in_every_round(project):
    tests = """
@pytest.mark.perf_budget(max="1ns")
def test_slow(perf_budget):
    perf_budget(work)
"""
    result = project(tests, "--perf-budget")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*cpu_time: even the fastest round took * ms a call, over max 1e-06 ms"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('maximum="3ms"', "perf_budget takes max, max_regression, metric, min, by name"),
        ('"cpu_time"', "perf_budget takes max, max_regression, metric, min, by name"),
        ('max="3 parsecs"', "max '3 parsecs' of cpu_time is to be like"),
    ],
)
def test_a_marker_that_cannot_be_read_is_an_error(project, marker, said):
    result = project(f"@pytest.mark.perf_budget({marker})\ndef test_work(): work()\n", "--perf-budget")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"test_speed.py::test_work: {said}" in result.stderr.str()


def test_assertions_in_tests_are_explained_as_ever(project):
    for option in ((), ("--perf-budget",)):
        result = project("def test_work(perf_budget):\n    assert [perf_budget(work, 3)] == [4]\n", *option)
        result.stdout.fnmatch_lines(["*assert [[]3[]] == [[]4[]]*"])


def test_its_files_run_on_python_3_9():
    old = pythons().get((3, 9))
    if old is None:
        pytest.skip("no CPython 3.9 here")
    code = """
import importlib.util, sys
folder = sys.argv[1]
compile(open(folder + "/pytest_plugin.py").read(), "pytest_plugin.py", "exec")
spec = importlib.util.spec_from_file_location("rounds", folder + "/rounds.py")
rounds = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rounds)
taken = rounds.measure(lambda: sum(range(300)))
print(len(taken.cpu_s), taken.result, rounds.peak_rss_bytes() > 1 << 20)
"""
    folder = Path(rounds.__file__).parent
    done = subprocess.run([old, "-I", "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["10", "44850", "True"]


def test_the_peak_is_this_program_s_and_not_that_of_whoever_started_it():
    code = """
import subprocess, sys
ballast = b"x" * (300 << 20)
child = "from perftools.budget.rounds import peak_rss_bytes; print(peak_rss_bytes())"
print(subprocess.check_output([sys.executable, "-c", child], text=True))
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert 4 << 20 < int(said) < 200 << 20
