"""What watching costs: a service of several workers and threads, one window, and our CPU in percent of one core."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perftools.record import Audit, Process

LIMIT_PERCENT = 10.0

_WORKER = """
import random, sys, threading, time

def score(rows):
    return [sum(a * b for a, b in zip(row, row)) for row in rows]

def serve(load):
    rows = [[random.random() for _ in range(64)] for _ in range(40)]
    while True:
        started = time.perf_counter()
        score(rows)
        time.sleep((time.perf_counter() - started) * (1 / load - 1))

for _ in range(int(sys.argv[1])):
    threading.Thread(target=serve, args=(float(sys.argv[2]),)).start()
print("ready", flush=True)
"""


def main(argv: Sequence[str]) -> int:
    """Run it; 1 where the limit is broken."""
    parser = argparse.ArgumentParser(prog="observer", description=__doc__)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--threads", type=int, default=4, help="of each worker, besides its main thread")
    parser.add_argument("--load", type=float, default=0.02, help="part of a core that each thread asks for")
    parser.add_argument("--window", type=float, default=20.0)
    parser.add_argument("--python", default=sys.executable, help="the workers' interpreter")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "worker.py")
        program.write_text(_WORKER)
        command = [arguments.python, str(program), str(arguments.threads), str(arguments.load)]
        workers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(arguments.workers)]
        try:
            for worker in workers:
                assert worker.stdout
                assert worker.stdout.readline() == b"ready\n"
            pids = [worker.pid for worker in workers]
            seen = _watch(pids, arguments.window, _version(arguments.python))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
    return _report(seen, arguments)


def _watch(pids: list[int], window_s: float, version: str) -> Audit:
    import libcst  # noqa: F401 (imports are not counted)

    from perftools import api
    from perftools.record import Cpus, Target

    target = Target(
        root_pid=pids[0],
        asked=f"pid {pids[0]}",
        processes=tuple(_process(pid, version) for pid in pids),
        cpus=Cpus(effective=float(os.cpu_count() or 1), source="os.cpu_count"),
    )
    return api.audit(target, window_s=window_s)


def _process(pid: int, version: str) -> Process:
    from perftools.record import Process
    from perftools.target.proc import HOST

    stat = HOST.stat(pid)
    assert stat
    return Process(
        pid=pid,
        ns_pid=pid,
        start_ticks=stat.start_ticks,
        role="worker",
        python=version,
        executable=HOST.executable(pid) or "",
        cmdline=(),
        uid=os.getuid(),
        threads=stat.threads,
    )


def _version(python: str) -> str:
    code = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _report(seen: Audit, arguments: argparse.Namespace) -> int:
    from perftools.record import Missing, Samples, Threads

    observations, quality = seen.observations, seen.quality

    def percent(cpu_s: float) -> float:
        return 100 * cpu_s / quality.window_s

    total, parts = percent(quality.observer_cpu_s), 0.0
    print(
        f"{arguments.workers} workers of {arguments.threads} threads, {quality.window_s:.1f} s, {quality.rounds} rounds"
    )
    for part in (observations.samples, observations.threads, observations.values):
        if isinstance(part, Missing):
            print(f"  {'not observed':<46} {part.reason}")
            continue
        parts += percent(part.cost.cpu_s)
        print(f"  {part.cost.method[:46]:<46} {percent(part.cost.cpu_s):5.1f} %  {part.cost.complete}")
    print(f"  {'starting, parsing, aiming, the loop':<46} {total - parts:5.1f} %")
    if isinstance(observations.threads, Threads):
        used = percent(sum(part.cpu_s for part in observations.threads.rounds))
        print(f"  (the service itself used {used:.0f} %)")
    if isinstance(observations.samples, Samples):
        stacks = sum(len(stream.stacks) for stream in observations.samples.streams)
        seen = len({run.pid for run in observations.samples.runs})
        print(f"  {stacks} stacks of {seen} workers, {observations.samples.rate_hz:.0f} Hz on average")
    verdict = "within" if total < LIMIT_PERCENT else "OVER"
    print(f"observer: {total:.1f} % of one core, {verdict} the limit of {LIMIT_PERCENT:.0f} %")
    return 0 if total < LIMIT_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
