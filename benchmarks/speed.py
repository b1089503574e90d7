"""How long the user waits: from the end of the window to the printed report, and for `--help`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

REPORT_LIMIT_S = 2.0
HELP_LIMIT_S = 0.150

PERFTOOLS = (sys.executable, "-m", "perftools")

_LOOP = """\
    for i in range(len(left)):
        difference = left[i] - right[i]
        total += difference * difference
        if total > limit:
            limit = total
"""
_FUNCTION = "def distance_{number}(left, right):\n    total, limit = 0.0, 1e9\n{loops}    return total\n\n\n"
_MAIN = """\
if __name__ == "__main__":
    import os
    from perftools_benchmarks import prctl
    prctl.end_with(os.getppid())
    prctl.allow_any_tracer()
    left, right = [0.5] * 64, [1.5] * 64
    print("ready", flush=True)
    hot = [value for name, value in globals().items() if name.startswith("distance_")][:{hot}]
    while True:
        for function in hot:
            function(left, right)
"""


class Timing(NamedTuple):
    """One figure, as often as it was taken."""

    what: str
    times_s: list[float]
    limit_s: float | None

    @property
    def median_s(self) -> float:
        return statistics.median(self.times_s)

    @property
    def over(self) -> bool:
        return self.limit_s is not None and self.median_s > self.limit_s

    def __str__(self) -> str:
        spread = f"{min(self.times_s) * 1000:.0f} to {max(self.times_s) * 1000:.0f}, {len(self.times_s)} runs"
        limit = "" if self.limit_s is None else f"  {'OVER' if self.over else 'within'} {self.limit_s * 1000:.0f} ms"
        return f"{self.what:<64} {self.median_s * 1000:6.0f} ms ({spread}){limit}"


def source(*, functions: int, lines_each: int, hot: int) -> str:
    """A module that runs until it is ended, in `hot` of its functions; each is loops over lists of floats."""
    loops = _LOOP * ((lines_each - _FUNCTION.count("\n")) // _LOOP.count("\n"))
    definitions = [_FUNCTION.format(number=number, loops=loops) for number in range(functions)]
    return "".join(definitions) + _MAIN.format(hot=hot)


def reports(what: str, text: str, *, runs: int, window_s: float) -> list[Timing]:
    """Audit a process that runs `text`: from each window's end to the end of `perftools audit`, by the wall clock."""
    what = f"{what}, {len(text.splitlines())} lines"
    with tempfile.TemporaryDirectory() as folder:
        file, saved = Path(folder, "service.py"), Path(folder, "audit.json")
        file.write_text(text, encoding="utf-8")
        with _running(file) as process:
            command = [*PERFTOOLS, "audit", str(process.pid), "--window", str(window_s), "--json", "-o", str(saved)]
            audits = [_after_window(command) for _ in range(runs)]
        explains = [_timed([*PERFTOOLS, "explain", str(saved)]) for _ in range(runs)]
    return [
        Timing(f"window's end to report: {what}", audits, REPORT_LIMIT_S),
        Timing(f"perftools explain, all of it: {what}", explains, REPORT_LIMIT_S),
    ]


def _after_window(command: Sequence[str]) -> float:
    """Seconds from the window's end, which the report states, until the program has ended."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    ended = time.time()
    quality = json.loads(done.stdout)["quality"]
    window_end = quality["start_unix_ns"] / 1e9 + quality["window_s"]
    return float(ended - window_end)


def _timed(command: Sequence[str]) -> float:
    start = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def helps(*, runs: int) -> list[Timing]:
    """`--help` of the programs beside this interpreter, as a shell starts them."""
    commands = []
    for program, *arguments in (["perftools", "--help"], ["perf", "audit", "--help"]):
        path = shutil.which(program, path=sysconfig.get_path("scripts"))
        if path is None:
            raise SystemExit(f"{program} is not installed beside {sys.executable}")
        commands.append([path, *arguments])
    for command in commands:
        _timed(command)  # compiles what is not compiled yet
    times = {tuple(command): [_timed(command) for _ in range(runs)] for command in commands}
    return [Timing(" ".join([Path(path).name, *rest]), took, HELP_LIMIT_S) for (path, *rest), took in times.items()]


@contextlib.contextmanager
def _running(file: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def main(argv: Sequence[str]) -> int:
    """Measure and print; 1 where a limit is broken."""
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks speed", description=__doc__)
    parser.add_argument("--audits", type=int, default=3, help="of each service (default %(default)s)")
    parser.add_argument("--window", type=float, default=4.0, help="of an audit, seconds (default %(default)s)")
    parser.add_argument("--starts", type=int, default=15, help="of each --help (default %(default)s)")
    options = parser.parse_args(argv)
    timings = helps(runs=options.starts)
    for functions, lines_each, hot in ((120, 25, 10), (120, 25, 120), (2, 1500, 2)):
        what = f"{functions} functions, {hot} hot"
        text = source(functions=functions, lines_each=lines_each, hot=hot)
        timings += reports(what, text, runs=options.audits, window_s=options.window)
    print(f"median (spread) on {os.cpu_count()} CPUs, Python {sys.version.split()[0]}")
    print(*timings, sep="\n")
    return 1 if any(timing.over for timing in timings) else 0
