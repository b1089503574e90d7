"""pytest plugin: the marker `perf_budget(metric=…, max=…, max_regression=…)` and the fixture `perf_budget(fn, *args)`.

Off unless asked: a test then runs as any other, and the fixture calls the function once. `pytest --perf-budget` times
the tests that have a budget in this process and fails those that exceed their `max`. `perf budget check` gives one test
to each fresh process, where --perf-budget-worker writes

    {"loops": 64, "rounds_cpu_s": [0.0019, …], "rounds_wall_s": [0.002, …], "max_rss_bytes": 61210624}

to a file; a round is the time of one call, averaged over `loops` calls. While it measures, the fixture `benchmark` of
pytest-benchmark is ours too: benchmark(fn, *args) and benchmark.pedantic(fn, …) mean what they mean there.

Whatever it loads beside pytest is loaded when it is asked to measure. Works on Python 3.9.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from perftools.budget.rounds import Call, Prepare, Rounds

MARKER = "perf_budget"
KEYS = frozenset({"metric", "max", "min", "max_regression"})
TIMED = ("cpu_time", "wall_time")
"""Metrics that one process can hold against a `max`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("perf_budget", "performance budgets")
    group.addoption(
        "--perf-budget", action="store_true",
        help="Time the tests that have a performance budget, and fail those that exceed their max.",
    )  # fmt: skip
    for name, kind, said in (
        ("worker", str, "time one test, and write what it took to this file."),
        ("loops", int, "calls in a round."),
        ("calls", int, "call the function so often, and do not time it."),
    ):
        group.addoption(f"--perf-budget-{name}", type=kind, metavar=name.upper(), help=f"For perf budget check: {said}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "perf_budget(metric, max, min, max_regression): a performance budget; see perf budget check"
    )
    worker = config.getoption("--perf-budget-worker")
    if worker is None and not config.getoption("--perf-budget"):
        return
    if (why := refusal(config)) is not None:
        raise pytest.UsageError(why)
    loops, calls = config.getoption("--perf-budget-loops"), config.getoption("--perf-budget-calls")
    session = Local() if worker is None else Worker(worker, loops=loops, calls=calls)
    # pytest-benchmark ends the run where `benchmark` is not its own (5.3, plugin.py, pytest_runtest_makereport).
    if config.pluginmanager.has_plugin("benchmark"):
        config.pluginmanager.unregister(name="benchmark")
    # Registered after every plugin that was installed, so that its fixtures stand before theirs.
    config.pluginmanager.register(session, "perf_budget_session")


def refusal(config: pytest.Config) -> str | None:
    """Why nothing can be timed in this pytest, in one sentence; None where it can."""
    if (
        getattr(config.option, "numprocesses", None)
        or getattr(config.option, "dist", "no") != "no"
        or hasattr(config, "workerinput")
    ):
        return "performance budgets are not measured under pytest-xdist, as its processes share the CPUs: add -n 0"
    coverage = sys.modules.get("coverage")
    current = getattr(getattr(coverage, "Coverage", None), "current", None)
    if current is not None and current() is not None:
        return "performance budgets are not measured under coverage, as it slows every line: leave it out (--no-cov)"
    return None


@pytest.fixture
def perf_budget() -> Callable[..., Any]:
    """`perf_budget(fn, *args, **kwargs)` runs the benchmark, and returns what `fn` returned."""
    return _called


def _called(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return fn(*args, **kwargs)


class Benchmark:
    """What `perf_budget` and `benchmark` are in a test that is measured."""

    def __init__(self, session: Session, item: pytest.Item) -> None:
        self._session = session
        self._item = item
        self.name = item.name
        self.group: str | None = None
        self.extra_info: dict[str, Any] = {}

    def __call__(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self._session.run(self._item, functools.partial(fn, *args, **kwargs))

    def pedantic(
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        **_how_often: Any,
    ) -> Any:
        """As in pytest-benchmark, but for rounds, iterations, warm-up and teardown, which are left out."""
        if setup is None:
            return self(target, *args, **(kwargs or {}))

        def prepared() -> Call:
            made = setup()
            given, named = (args, kwargs or {}) if made is None else made
            return functools.partial(target, *given, **named)

        return self._session.run(self._item, None, prepared)


class Session:
    """Measures in place of the call, in every test that has a budget."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    @pytest.fixture
    def perf_budget(self, request: pytest.FixtureRequest) -> Benchmark:
        """`perf_budget(fn, *args, **kwargs)` measures the function, and returns what it returned."""
        return Benchmark(self, request.node)

    @pytest.fixture
    def benchmark(self, request: pytest.FixtureRequest) -> Benchmark:
        """In place of pytest-benchmark's."""
        return Benchmark(self, request.node)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """A marked test that asks for no fixture of ours is the benchmark itself."""
        names = pyfuncitem.fixturenames
        if pyfuncitem.get_closest_marker(MARKER) is None or "perf_budget" in names or "benchmark" in names:
            return None
        wanted = inspect.signature(pyfuncitem.obj).parameters
        given = {name: pyfuncitem.funcargs[name] for name in wanted if name in pyfuncitem.funcargs}
        self.run(pyfuncitem, functools.partial(pyfuncitem.obj, **given))
        return True

    def run(self, item: pytest.Item, call: Call | None, prepare: Prepare | None = None) -> Any:
        """Measure the call, and return what the last one returned."""
        if item.nodeid in self._seen:
            pytest.fail("the test has two benchmarks: write a test for each", pytrace=False)
        self._seen.add(item.nodeid)
        result = self._measured(item, call, prepare)
        if inspect.iscoroutine(result):
            result.close()
            pytest.fail("a coroutine was made and not run: give a function that runs it", pytrace=False)
        return result

    def _measured(self, item: pytest.Item, call: Call | None, prepare: Prepare | None) -> Any:
        raise NotImplementedError


class Worker(Session):
    """Measures one test for `perf budget check`."""

    def __init__(self, path: str, *, loops: int | None, calls: int | None) -> None:
        super().__init__()
        self._path = path
        self._loops = loops
        self._calls = calls
        self._skipped = "its test has neither marker nor fixture"
        self._found: dict[str, Any] | None = None

    def _measured(self, item: pytest.Item, call: Call | None, prepare: Prepare | None) -> Any:  # noqa: ARG002 (Local's)
        from perftools.budget.rounds import measure, peak_rss_bytes

        if self._calls is not None:
            for _ in range(self._calls):
                ready = prepare() if prepare is not None else call
                assert ready is not None
                ready()
            self._found = {"loops": self._calls, "rounds_cpu_s": [], "rounds_wall_s": [], "max_rss_bytes": 0}
            # What the test does with the result must not depend on whether there is one.
            pytest.skip("its function was called, and the rest left out")
        rounds = measure(call, prepare=prepare, loops=self._loops)
        self._found = {
            "loops": rounds.loops,
            "rounds_cpu_s": rounds.cpu_s,
            "rounds_wall_s": rounds.wall_s,
            "max_rss_bytes": peak_rss_bytes(),
        }
        return rounds.result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self._skipped = _shown(report.longrepr[2])

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """A test that failed writes nothing, and one that was not measured has failed."""
        if exitstatus != pytest.ExitCode.OK:
            return
        if self._found is None:
            sys.stderr.write(f"nothing was measured: {self._skipped}\n")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            return
        import json

        with open(self._path, "w", encoding="ascii") as file:
            json.dump(self._found, file)


class Local(Session):
    """Measures every test with a budget in this process, for whoever works on it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[str, Rounds, str]] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for marker in item.iter_markers(MARKER):
                if marker.args or not marker.kwargs.keys() <= KEYS:
                    raise pytest.UsageError(f"{item.nodeid}: perf_budget takes {', '.join(sorted(KEYS))}, by name")
                _limit_s(item, marker)

    def _measured(self, item: pytest.Item, call: Call | None, prepare: Prepare | None) -> Any:
        from perftools.budget.rounds import measure

        rounds = measure(call, prepare=prepare)
        marker = item.get_closest_marker(MARKER)
        metric, limit_s = _limit_s(item, marker) if marker is not None else (TIMED[0], None)
        taken_s = min(rounds.wall_s if metric == "wall_time" else rounds.cpu_s)
        over = limit_s is not None and taken_s > limit_s
        said = "no max here" if limit_s is None else f"{'over ' if over else ''}max {_ms(limit_s)}"
        self._lines.append((item.nodeid, rounds, said))
        if over:
            pytest.fail(f"{metric}: even the fastest round took {_ms(taken_s)} a call, {said}", pytrace=False)
        return rounds.result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._lines:
            return
        from statistics import median

        terminalreporter.section("performance budgets: median of a call")
        for nodeid, rounds, said in self._lines:
            times = f"CPU {_ms(median(rounds.cpu_s))}, wall {_ms(median(rounds.wall_s))}"
            terminalreporter.write_line(f"{_shown(nodeid)}: {times}; {said}")
        terminalreporter.write_line("one process cannot tell a few percent: perf budget check compares with the base")


def _limit_s(item: pytest.Item, marker: pytest.Mark) -> tuple[str, float | None]:
    """The metric, and its `max` where one process can judge it. Raises UsageError for a limit that cannot be read."""
    metric, limit = marker.kwargs.get("metric", TIMED[0]), marker.kwargs.get("max")
    if limit is None or metric not in TIMED:
        return metric, None
    from perftools.budget.units import quantity

    try:
        return metric, quantity(limit, metric)
    except ValueError as error:
        raise pytest.UsageError(f"{item.nodeid}: max {limit!r} {error}") from None


def _shown(said: str) -> str:
    """Without what could steer a terminal."""
    return "".join(char for char in said if char.isprintable())


def _ms(taken_s: float) -> str:
    return f"{1000 * taken_s:.3g} ms"
