"""One fresh process of a pyperf script: `pyperf_worker.py --out FILE [OPTION…] SCRIPT`.

The script runs as one of pyperf's own workers, with its calibration, warm-up and values; beside the wall time that
pyperf takes, the CPU time of each value is taken. With `--calls N` the function is called N times, and nothing else;
with `--profile OUT` it is profiled meanwhile.
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import os
import runpy
import sys
import time
from collections.abc import Callable
from typing import Any

from perftools_bytecode import keep_apart  # type: ignore[import-not-found]  # beside this script
from perftools_profile import profiled  # type: ignore[import-not-found]  # beside this script

ROUNDS = 10
WARMUPS = 1
LEAST_ROUND_S = 0.005

TimeFunc = Callable[[int], float]
"""What pyperf measures by: does so many loops, and gives their wall time in seconds."""


class Recorder:
    """What the one benchmark that is meant took."""

    def __init__(self, name: str | None, calls: int | None, profile: str | None) -> None:
        self.name = name
        self.calls = calls
        self.profile = profile
        self.names: list[str] = []
        self.rounds: list[tuple[int, float, float]] = []
        """Loops, CPU and wall seconds of a call."""

    def meant(self, name: str) -> bool:
        self.names.append(name)
        return name == self.name if self.name else len(self.names) == 1

    def timed(self, time_func: TimeFunc, calls_of_loop: int) -> TimeFunc:
        """The same, and the CPU time of what it does is taken."""

        def timed(loops: int) -> float:
            start = time.process_time()
            wall_s = time_func(loops)
            cpu_s = time.process_time() - start
            calls = loops * calls_of_loop
            self.rounds.append((loops, cpu_s / calls, wall_s / calls))
            return wall_s

        return timed

    def result(self) -> dict[str, Any]:
        if self.name and self.name not in self.names:
            return {"error": f"it has no benchmark {self.name!r}, but: {', '.join(self.names) or 'none'}"}
        if not self.names:
            return {"error": "it runs no benchmark of pyperf"}
        if not self.name and len(self.names) > 1:
            return {"error": f"it has several benchmarks ({', '.join(self.names)}): name one, SCRIPT::NAME"}
        loops = self.rounds[-1][0] if self.rounds else 0
        rounds = [each for each in self.rounds if each[0] == loops][-ROUNDS:]
        return {
            "loops": loops,
            "rounds_cpu_s": [cpu_s for _, cpu_s, _ in rounds],
            "rounds_wall_s": [wall_s for _, _, wall_s in rounds],
            "max_rss_bytes": _peak_rss_bytes(),
        }


def _peak_rss_bytes() -> int:
    """VmHWM (proc(5)): ru_maxrss would be that of whatever forked this process, if it was larger."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return next((int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:")), 0)


def _loop(function: Callable[[], Any]) -> TimeFunc:
    """As pyperf's `bench_func` measures a function."""

    def time_func(loops: int) -> float:
        calls = range(loops)
        start = time.perf_counter()
        for _ in calls:
            function()
        return time.perf_counter() - start

    return time_func


def _async_loop(function: Callable[[], Any], loop_factory: Callable[[], Any] | None) -> TimeFunc:
    """As its `bench_async_func` does."""

    def time_func(loops: int) -> float:
        import asyncio

        async def main() -> float:
            start = time.perf_counter()
            for _ in range(loops):
                await function()
            return time.perf_counter() - start

        loop = (loop_factory or asyncio.new_event_loop)()
        try:
            return float(loop.run_until_complete(main()))
        finally:
            loop.close()

    return time_func


def _patch(runner: Any, recorder: Recorder) -> None:
    """Record in pyperf's Runner. Each kind of benchmark becomes a time function, which is what all of them come to."""
    bench_time_func = runner.bench_time_func

    def run(self: Any, name: str, time_func: TimeFunc, inner_loops: int | None = None, metadata: Any = None) -> Any:
        if not recorder.meant(name):
            return None
        if recorder.calls is None:
            timed = recorder.timed(time_func, inner_loops or 1)
            return bench_time_func(self, name, timed, inner_loops=inner_loops, metadata=metadata)
        if recorder.calls:
            gc.collect()  # the start has no part in what the collector does in the calls
            gc.freeze()
            with profiled(recorder.profile):
                time_func(recorder.calls)
        return None

    def of_func(self: Any, name: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return run(self, name, _loop(functools.partial(function, *args) if args else function), **options)

    def of_time_func(self: Any, name: str, function: Callable[..., float], *args: Any, **options: Any) -> Any:
        return run(self, name, (lambda loops: function(loops, *args)) if args else function, **options)

    def of_async_func(
        self: Any, name: str, function: Callable[..., Any], *args: Any, loop_factory: Any = None, **options: Any
    ) -> Any:
        called = functools.partial(function, *args) if args else function
        return run(self, name, _async_loop(called, loop_factory), **options)

    def of_statement(
        self: Any,
        name: str,
        stmt: Any = None,
        setup: Any = "pass",
        teardown: Any = "pass",  # noqa: ARG001 (pyperf's parameter)
        inner_loops: int | None = None,
        duplicate: Any = None,  # noqa: ARG001 (as above)
        metadata: Any = None,
        globals: Any = None,  # noqa: A002 (as above)
    ) -> Any:
        import timeit

        def text(code: Any) -> str:
            return code if isinstance(code, str) else "\n".join(code)

        timer = timeit.Timer(text(name if stmt is None else stmt), text(setup), globals=globals)
        return run(self, name, timer.timeit, inner_loops, metadata)

    def of_command(*_: Any) -> Any:
        sys.exit("bench_command starts a program of its own, which a budget cannot look into: write bench_func")

    runner.bench_func = of_func
    runner.bench_time_func = of_time_func
    runner.bench_async_func = of_async_func
    runner.timeit = of_statement
    runner.bench_command = of_command


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--loops", type=int)
    parser.add_argument("--calls", type=int)
    parser.add_argument("--name")
    parser.add_argument("--profile")
    parser.add_argument("script")
    options = parser.parse_args()
    sys.path[0] = os.path.dirname(os.path.abspath(options.script))  # as if it were run itself
    keep_apart()
    import pyperf  # type: ignore[import-untyped]

    recorder = Recorder(options.name, options.calls, options.profile)
    _patch(pyperf.Runner, recorder)
    calibrate = ["--calibrate-loops", f"--min-time={LEAST_ROUND_S}"]
    loops = [f"--loops={options.loops or 1}"] if options.loops or options.calls is not None else calibrate
    sys.argv = [options.script, "--worker", *loops, f"--values={ROUNDS}", f"--warmups={WARMUPS}", "--quiet"]
    runpy.run_path(options.script, run_name="__main__")
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(recorder.result(), file)


if __name__ == "__main__":
    main()
