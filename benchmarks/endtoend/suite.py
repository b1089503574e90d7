"""The service from end to end: requests/s at saturation, CPU and latencies, before and after, and each layer by itself.

Each service is one worker on a CPU of its own, the load comes from another one. Before anything is believed, the load
generator is held against a server that does nothing. In the end thousands of bad requests are sent to one service.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from .. import bodies, core, probe, report, requests
from ..core import tables
from ..http import Address, loopback
from ..ladder import suite as ladder
from . import drive, fuzz, results, setups

PATIENCE_S = 180.0
"""For the start of a service with a million members in Python objects."""
SHARE = 0.2
"""Of the rate at saturation, at which latencies are measured."""
MAX_RATE = 2_000.0
"""Of the open loop: above that, the generator's own work shows in the latencies."""


class Plan(NamedTuple):
    """How much of everything."""

    users: int
    saturate_s: float
    open_s: float
    fuzzed: int


FULL = Plan(1_000_000, 2.0, 4.0, 10_000)
QUICK = Plan(100_000, 0.8, 1.5, 500)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write what was asked for; 1 if a service failed."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    plan = QUICK if options.quick else FULL
    plan = plan._replace(users=options.users or plan.users)
    began = time.monotonic()
    server_cpu, own_cpus = _share_out_cpus()
    os.sched_setaffinity(0, own_cpus)
    chosen = [each for each in setups.SETUPS if not options.only or each.name.startswith(tuple(options.only))]
    if options.quick:
        chosen = [each for each in chosen if each.form in setups.QUICK]
    lacking = {each.name: lacks for each in chosen if (lacks := setups.missing(each))}
    failed = False
    rows: list[results.Row] = []
    for number, setup in enumerate(chosen, 1):
        if setup.name in lacking:
            continue
        report.say(f"[{number}/{len(chosen)}] {setup.name}")
        try:
            rows += measure(setup, plan, server_cpu)
        except (OSError, RuntimeError) as error:
            report.say(f"failed: {setup.name}: {error}")
            failed = True
    report.say("the generator against a server that does nothing")
    fastest = max((row.saturated.rate for row in rows if row.payload != "no-op"), default=1000.0)
    found = results.EndToEnd(rows, generator(plan, server_cpu, fastest), codec_us(plan), None, lacking)
    if not options.only:
        report.say(f"{plan.fuzzed} fuzzed requests")
        found = found._replace(fuzzed=fuzzed(plan, server_cpu))
    judged = results.aims(found)
    machine = report.machine(probe.blas())
    print(
        "\n\n".join(
            [
                "\n".join(f"{name}: {value}" for name, value in machine.items()),
                *results.parts(found, judged, report.columns),
            ]
        )
    )
    for wrong in found.fuzzed.wrong[:5] if found.fuzzed else []:
        print(wrong)
    print(f"\ntook {time.monotonic() - began:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(results.document(found, machine), indent=1) + "\n", encoding="utf-8")
    if options.docs:
        report.write("service", [report.sentence(machine), *results.parts(found, judged, report.markdown)])
    return int(failed)


def measure(setup: setups.Setup, plan: Plan, cpu: int) -> Iterator[results.Row]:
    """A service under each of its payloads. Raises OSError or RuntimeError where it fails."""
    command = [sys.executable, "-m", probe.__package__ or "", "serve", "--form", setup.form, "--users", str(plan.users)]
    with running([*command, *setup.options, "--parent", str(os.getpid())], cpu) as (pid, url):
        address = loopback(url)
        for payload in setup.payloads:
            messages = setups.messages(address, payload, plan.users)
            yield results.Row(setup.name, payload, *_both(address, pid, messages, plan))


def generator(plan: Plan, cpu: int, fastest: float) -> results.Row:
    """The load generator by itself, with the requests of the fastest payload."""
    command = [sys.executable, "-m", f"{__package__}.noop", str(os.getpid())]
    with running(command, cpu) as (pid, url):
        address = loopback(url)
        messages = setups.messages(address, "JSON", plan.users)
        rate = min(MAX_RATE, fastest * SHARE)
        return results.Row("(the generator on a no-op server)", "JSON", *_both(address, pid, messages, plan, rate))


def _both(
    address: Address, pid: int, messages: Sequence[bytes], plan: Plan, rate: float | None = None
) -> tuple[drive.Saturated, drive.Loaded]:
    async def run() -> tuple[drive.Saturated, drive.Loaded]:
        saturated = await drive.saturate(address, pid, messages, seconds=plan.saturate_s)
        calm = rate or min(MAX_RATE, saturated.rate * SHARE)
        seconds = min(max(plan.open_s, 100 / calm), 3 * plan.open_s)
        return saturated, await drive.open_loop(address, pid, messages, rate=calm, seconds=seconds)

    with _runner() as runner:
        return runner(run())


@contextlib.contextmanager
def _runner() -> Iterator[Callable[..., tuple[drive.Saturated, drive.Loaded]]]:
    """asyncio's run, on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        yield asyncio.run
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run


def codec_us(plan: Plan) -> float:
    """CPU of the codec alone, in this process."""
    messages = setups.messages(Address("127.0.0.1", 1), "JSON", plan.users)
    asked = [message.partition(b"\r\n\r\n")[2] for message in messages]
    codec, top = bodies.codec(), [(number, 1 / (number + 3)) for number in range(core.TOP)]
    times = []
    for _ in range(5):
        start = time.process_time()
        for body in asked:
            requests.parse("application/json", body, codec)
            codec.encode({"top": top})
        times.append((time.process_time() - start) / len(asked) * 1e6)
    return statistics.median(times)


def fuzzed(plan: Plan, cpu: int) -> fuzz.Fuzzed:
    command = [
        sys.executable,
        "-m",
        probe.__package__ or "",
        "serve",
        "--form",
        results.AFTER,
        "--users",
        str(plan.users),
    ]
    with running([*command, "--parent", str(os.getpid())], cpu) as (pid, url):
        return fuzz.fuzz(url, pid, tables.shared(plan.users), count=plan.fuzzed)


@contextlib.contextmanager
def running(command: Sequence[str], cpu: int) -> Iterator[tuple[int, str]]:
    """A server on that CPU: its pid and URL; ended on leaving. Raises RuntimeError where it does not start."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={name: value for name, value in ladder.environment().items() if name not in ladder.ONE_THREAD},
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),  # noqa: PLW1509  # we run no threads
        )
        try:
            yield process.pid, _url(process, output)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _url(process: subprocess.Popen[bytes], output: IO[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        said = os.pread(output.fileno(), 1 << 16, 0).decode(errors="replace")
        if found := re.search(r"listening on (\S+) pid", said):
            return found[1]
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"does not start: {said[-500:]}")
        time.sleep(0.05)


def _share_out_cpus() -> tuple[int, set[int]]:
    """One CPU for the server, the others for us; the same where there is but one."""
    first, *others = sorted(os.sched_getaffinity(0))
    return first, set(others) or {first}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks service", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller table and short runs: figures are coarse")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="services that begin so; repeatable"
    )
    parser.add_argument("--users", type=int, help="rows of the table (default 1,000,000; with --quick 100,000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--docs", action="store_true", help=f"write the tables into benchmarks/{report.PAGE.name}")
    return parser
