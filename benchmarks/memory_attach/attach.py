"""memray let in and out of the reference service under load, time and again."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).absolute().parents[1]
PATIENCE_S = 60.0
RATE = 200
"""Requests a second, whatever becomes of the answers."""
MOST_IN_FLIGHT = 2000
"""More than come while the service stands still: none is held back."""
CANDIDATES = 500
PAUSE_S = 1.0
"""Between two visits: the longest answer outside of them is taken from it."""


class Visit(NamedTuple):
    """Once in and out."""

    attach_ms: float
    """The service stood still, by /proc."""
    detach_ms: float
    slowest_ms: float
    """The slowest answer meanwhile, to a client that asks one thing after the other."""
    seconds: float
    """In all, reading included."""
    problem: str


class Series(NamedTuple):
    """All visits to one service."""

    version: str
    visits: list[Visit]
    quiet_ms: float
    """The slowest answer before the first visit, over as long as a visit takes."""
    sent: int
    answered: int
    failed: int
    state: str
    """Of the service afterwards."""

    @property
    def harmless(self) -> bool:
        """No request was lost, every visit brought something, and the service runs on."""
        return not self.failed and not any(visit.problem for visit in self.visits) and self.state == "runs"


class Client(threading.Thread):
    """Asks one thing after the other, and times the answers."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._host = url.removeprefix("http://")
        self._ended = threading.Event()
        self.slowest_s = 0.0
        self.sent = self.answered = self.failed = 0

    def run(self) -> None:
        body = json.dumps({"user": 1, "candidates": list(range(CANDIDATES))})
        connection = http.client.HTTPConnection(self._host, timeout=PATIENCE_S)
        while not self._ended.wait(0.002):
            start_s = time.monotonic()
            self.sent += 1
            try:
                connection.request("POST", "/score", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.answered += answer.status == 200
                self.failed += answer.status != 200
            except (OSError, http.client.HTTPException):
                self.failed += 1
                connection.close()
            self.slowest_s = max(self.slowest_s, time.monotonic() - start_s)

    def slowest_since(self) -> float:
        """Milliseconds of the slowest answer since the last call."""
        slowest_s, self.slowest_s = self.slowest_s, 0.0
        return 1000 * slowest_s

    def end(self) -> None:
        self._ended.set()
        self.join(PATIENCE_S)


def run(python: str, *, rounds: int, span_s: float, form: str) -> Series:
    """Visit a service on that Python so many times."""
    from perftools import target as targets

    serve = [python, "-m", PACKAGE.name, "serve", "--form", form, "--allow-tracing", "--parent", str(os.getpid())]
    with _running(serve, r"listening on (http://\S+) pid") as (service, url):
        load = [sys.executable, "-m", PACKAGE.name, "load", url, "--rate", str(RATE), "--json"]
        load += ["--max-in-flight", str(MOST_IN_FLIGHT), "--candidates", str(CANDIDATES)]
        load += ["--seconds", "3600", "--parent", str(os.getpid())]
        with _running(load, r"sending ([\d.]+) requests/s") as (loader, _):
            client = Client(url)
            client.start()
            target = targets.find(pid=service.pid)
            time.sleep(span_s + 3 * PAUSE_S)
            quiet_ms = client.slowest_since()
            visits = [_visit(target, client, span_s) for _ in range(rounds)]
            state = _state(service.pid)
            client.end()
            loader.send_signal(signal.SIGTERM)
            outcome = _outcome(loader)
    lost = outcome["sent"] - outcome["answered"] - outcome["errors"].get("unanswered at the end", 0)
    version = target.workers[0].python or "?"
    sent, answered = client.sent + outcome["sent"], client.answered + outcome["answered"]
    return Series(version, visits, quiet_ms, sent, answered, client.failed + lost + outcome["dropped"], state)


def _visit(target: object, client: Client, span_s: float) -> Visit:
    from perftools.collect.allocations import recording
    from perftools.record import Missing, Observations

    absent = Missing(code="E-ABSENT", reason="")
    seen = Observations(samples=absent, threads=absent, values=absent)
    time.sleep(PAUSE_S)
    client.slowest_since()
    start_s = time.monotonic()
    found = recording.record(target, seen, lambda said: None, span_s=span_s, before={})  # type: ignore[arg-type]
    seconds, slowest_ms = time.monotonic() - start_s, client.slowest_since()
    if isinstance(found, Missing):
        return Visit(0.0, 0.0, slowest_ms, seconds, f"{found.code}: {found.reason}")
    problem = found.left or ("" if found.allocations else "nothing was recorded")
    return Visit(found.attach_stall_ms, found.detach_stall_ms, slowest_ms, seconds, problem)


def _state(pid: int) -> str:
    status = Path(f"/proc/{pid}/status").read_text()
    state, tracer = (
        re.search(r"^State:\s+(\S)", status, re.MULTILINE),
        re.search(r"^TracerPid:\s+(\d+)", status, re.MULTILINE),
    )
    assert state
    assert tracer
    return "runs" if state[1] in "RS" and tracer[1] == "0" else f"state {state[1]}, traced by {tracer[1]}"


@contextlib.contextmanager
def _running(command: Sequence[str], ready: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A program that has printed what matches `ready`, and the match's group; killed in the end."""
    paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=said, start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip
        process.output = output  # type: ignore[attr-defined]
        try:
            deadline_s = time.monotonic() + PATIENCE_S
            while True:
                text = b"".join(os.pread(file.fileno(), 1 << 20, 0) for file in (output, said)).decode()
                if match := re.search(ready, text):
                    break
                if process.poll() is not None or time.monotonic() > deadline_s:
                    raise RuntimeError(f"{command} is not ready:\n{text}")
                time.sleep(0.05)
            yield process, match[1]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _outcome(loader: subprocess.Popen[bytes]) -> dict[str, object] | object:
    loader.wait(PATIENCE_S)
    text = os.pread(loader.output.fileno(), 1 << 20, 0).decode()  # type: ignore[attr-defined]
    return json.loads(text)


def table(series: Sequence[Series]) -> str:
    """As Markdown."""
    heads = ("CPython", "visits", "stall in, ms: median (max)", "out, ms", "slowest answer, ms: before", "during")
    heads += ("a visit, s", "requests", "lost", "afterwards")
    rows = [f"| {' | '.join(heads)} |", "|:--" + "|--:" * 8 + "|:--|"]
    for each in series:
        good = [visit for visit in each.visits if not visit.problem]
        cells = [_median(visit.attach_ms for visit in good), _median(visit.detach_ms for visit in good)]
        during = _median(visit.slowest_ms for visit in each.visits)
        seconds = statistics.median(visit.seconds for visit in each.visits)
        problems = sorted({visit.problem for visit in each.visits if visit.problem})
        cells = [each.version, f"{len(good)} of {len(each.visits)}", *cells, f"{each.quiet_ms:.0f}", during]
        cells += [f"{seconds:.1f}", f"{each.sent}", f"{each.failed}", "; ".join([each.state, *problems])]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _median(values: Iterator[float] | Sequence[float]) -> str:
    found = sorted(values)
    return f"{statistics.median(found):.0f} ({found[-1]:.0f})" if found else "–"
