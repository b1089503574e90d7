"""Functions measured: by a test and a pyperf script, in fresh processes of both sides."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from perftools.budget.measure import function, profile
from perftools.budget.measure.inside import perftools_profile
from perftools.budget.measure.runner import MeterRunner, orders
from perftools.budget.measure.sides import Sides
from perftools.budget.model import Unmeasurable

from . import budget_measuring as sample

TWO = """
import pyperf
runner = pyperf.Runner()
runner.bench_func("cheap", lambda: None)
runner.bench_time_func("dear", lambda loops: loops * 0.25)
"""


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch):
    """The sample needs none, and they make the start of pytest twice as long."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture(scope="module")
def slower(tmp_path_factory):
    """The sample with features.encode twice as slow in head, and its two sides."""
    repo = sample.repository(tmp_path_factory.mktemp("slower") / "repo")
    sample.edit(repo, "features.py", *sample.SLOWER)
    (repo / "two.py").write_text(TWO)
    with Sides(repo, base="main") as sides:
        yield sides


def _runner(sides, **about):
    about = {"max_regression": 0.1} | about
    budget = sample.budget(**about)
    return MeterRunner(sides, budget)


def test_time_and_memory_of_a_test(slower):
    pair = _runner(slower).pair()
    assert len(pair.base) == len(pair.head) == 10
    assert 1e-2 > min(pair.head) > 1.1 * min(pair.base) > 1e-5  # of one call
    (peak,) = _runner(slower, metric="peak_memory").alone()
    assert 5 << 20 < peak < 1 << 30


def test_a_pyperf_script_is_measured_in_both_clocks(slower):
    for metric in ("cpu_time", "wall_time"):
        pair = _runner(slower, target="bench.py", metric=metric).pair()
        assert len(pair.base) == len(pair.head) == 10
        assert min(pair.head) > 1.1 * min(pair.base) > 1e-5


def test_a_script_with_several_benchmarks_names_one(slower):
    with pytest.raises(Unmeasurable, match=r"several benchmarks \(cheap, dear\)"):
        _runner(slower, target="two.py", metric="wall_time").alone()
    rounds = _runner(slower, target="two.py::dear", metric="wall_time").alone()
    assert set(rounds) == {0.25}
    with pytest.raises(Unmeasurable, match="no benchmark 'none'"):
        _runner(slower, target="two.py::none").alone()


def test_what_grew_in_a_script_is_named(slower, monkeypatch):
    monkeypatch.setattr(profile, "_REPEATS", 3)
    assert _runner(slower, target="bench.py").grew()[0].startswith("features.encode +")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("tests/none.py::test_x", "there is no file tests/none.py"),
        ("../x.py::test_x", "there is no file"),
        ("tests/speed.py::test_other", "there is no test"),
        ("features.py", "uses no pyperf"),
    ],
)
def test_a_target_that_matches_nothing(slower, target, reason):
    with pytest.raises(Unmeasurable, match=reason) as problem:
        _runner(slower, target=target).alone()
    assert problem.value.code == "B-TARGET"


@pytest.mark.parametrize(
    ("target", "metric", "load"),
    [(sample.TARGET, "latency_p99", None), (sample.TARGET, "gc_pause", None), ("service:app", "instructions", "load")],
)
def test_a_metric_that_does_not_fit_the_target(slower, target, metric, load):
    with pytest.raises(Unmeasurable) as problem:
        _runner(slower, target=target, metric=metric, load=load)
    assert problem.value.code == "B-METRIC"


def test_a_test_that_fails_is_told_with_its_error(tmp_path):
    repo = sample.repository(tmp_path / "repo")
    sample.edit(repo, "tests/speed.py", "    assert len", "    raise ValueError('no users')\n    assert len")
    with Sides(repo, base="main") as sides, pytest.raises(Unmeasurable, match="ValueError: no users") as problem:
        _runner(sides).alone()
    assert problem.value.code == "B-RUN"


def test_a_base_that_lacks_what_the_benchmark_needs_is_not_measured(tmp_path):
    repo = sample.repository(tmp_path / "repo")
    for file in ("features.py", "tests/speed.py"):
        sample.edit(repo, file, "score", "rate")
    with Sides(repo, base="main") as sides:
        runner = _runner(sides, target="tests/speed.py::test_rate")
        with pytest.raises(Unmeasurable, match=r"against the base \w{9}, .*has no attribute 'rate'") as problem:
            runner.pair()
        assert problem.value.code == "B-BASE-RUN"
        assert len(runner.alone()) == 10


def test_the_time_of_an_import(slower):
    (slower.root / "heavy.py").write_text("import time\ntime.sleep(0.05)\n")
    rounds = _runner(slower, target="heavy", metric="import_time", max=1.0).alone()
    assert len(rounds) == 1 and 0.05 <= rounds[0] < 5
    with pytest.raises(Unmeasurable, match=r"heavy cannot be imported by the base .*No module named 'heavy'"):
        _runner(slower, target="heavy", metric="import_time").pair()
    pair = _runner(slower, target="features.py", metric="import_time").pair()
    assert 0 < pair.base[0] < 5 and 0 < pair.head[0] < 5


def test_instructions_of_the_same_code_agree_to_a_thousandth(tmp_path, monkeypatch):
    if shutil.which("valgrind") is None:
        pytest.skip("no valgrind")
    monkeypatch.setattr(function, "_COUNTED_S", 0.02)
    repo = sample.repository(tmp_path / "repo")
    sample.edit(repo, "features.py", "range(1, WIDTH)]", "range(1, WIDTH)]  # as before")
    with Sides(repo, base="main") as sides:
        pair = _runner(sides, target="bench.py", metric="instructions").pair()
    assert pair.head[0] == pytest.approx(pair.base[0], rel=0.001)
    assert 1e5 < pair.base[0] < 1e8


def test_without_valgrind_instructions_are_not_measured(slower, monkeypatch):
    monkeypatch.setattr("perftools.budget.measure.instructions.shutil.which", lambda _: None)
    with pytest.raises(Unmeasurable, match="apt-get install valgrind") as problem:
        _runner(slower, metric="instructions").alone()
    assert problem.value.code == "B-VALGRIND"


def test_the_order_within_pairs_is_random_and_balanced():
    drawn = orders("score")
    first = [next(drawn)[0] for _ in range(200)]
    assert all(set(first[at : at + 2]) == {"base", "head"} for at in range(0, 200, 2))
    assert 30 < first[::2].count("base") < 70


def test_only_growth_outside_of_the_noise_is_named():
    def profiles(*rows):
        return [dict(zip("abcd", row, strict=True)) for row in rows]

    base = profiles((1.0, 1.0, 1.0, 0.01), (1.1, 1.0, 1.3, 0.01), (9.0, 1.1, 1.3, 0.01))
    head = profiles((1.05, 1.5, 1.4, 0.02), (1.3, 1.6, 1.9, 0.02), (1.3, 7.0, 1.9, 0.02))
    assert profile.named(base, [each | {"new": 0.5} for each in head], {}) == ("b +17 %", "new +16 %")
    assert profile.named(head, base, {}) == ()
    assert profile.named([{}] * 3, [{"a": 1.0}] * 3, {}) == ()


def test_a_function_that_is_called_more_often_grew_whatever_the_clock_says():
    more = profile.called_more(
        [{"a": 10, "b": 5, "c": 2}] * 3, [{"a": 11, "b": 5, "c": 2}] * 2 + [{"a": 11, "b": 5, "c": 3}]
    )
    assert more == {"a": pytest.approx(1 / 11)}
    base = [{"a": 1.0, "b": 1.0}, {"a": 1.4, "b": 0.9}, {"a": 0.9, "b": 1.3}]
    head = [{"a": 1.1, "b": 1.0}, {"a": 1.3, "b": 1.1}, {"a": 1.0, "b": 0.9}]
    assert profile.named(base, head, more) == ("a +4.5 %",)
    assert profile.named(base, head, {}) == ()


def test_what_the_profiler_adds_is_taken_off(tmp_path):
    def work():
        for _ in range(100):
            pass

    code = work.__code__
    calls = [SimpleNamespace(callcount=30), SimpleNamespace(callcount=10)]
    entry = SimpleNamespace(code=code, callcount=20, inlinetime=1.0, calls=calls)
    added = perftools_profile.Overhead(callee_s=0.01, caller_s=0.002)
    assert perftools_profile._row(entry, added) == (
        __file__,
        code.co_qualname,
        pytest.approx(1.0 - 0.2 - 0.08),
        entry.callcount,
    )
    measured = perftools_profile.overhead()
    assert 0 < measured.callee_s < 1e-4 and 0 <= measured.caller_s < 1e-4
    with perftools_profile.profiled(str(tmp_path / "out")):
        work()
    assert [__file__, code.co_qualname] in [row[:2] for row in json.loads((tmp_path / "out").read_text())]


def test_functions_have_the_same_name_on_both_sides(tmp_path):
    def name(file, qualified):
        return profile.function_name(file, qualified, tmp_path)

    assert (
        name(f"{tmp_path}/src/pkg/features.py", "Encoder.encode.<locals>.<listcomp>") == "pkg.features.Encoder.encode"
    )
    assert name(f"{tmp_path}/pkg/__init__.py", "f.<locals>.g") == "pkg.f.g"
    assert name(f"{tmp_path}/.venv/lib/python3.12/site-packages/numpy/core.py", "dot") == "numpy.core.dot"
    assert name("/usr/lib/python3.12/json/decoder.py", "decode") == "json.decoder.decode"
    assert name("<string>", "\x1b[31mf") == "<string>.[31mf"
