"""A service, started for one measurement and ended with all its processes, and the load that the project brings.

The load generator is a command of the budget. It is run in head's checkout for both sides, and tells what it measured
in the last line of its stdout: {"latency_p99_s": 0.012, "throughput_per_s": 480.5}, or the one number that the budget
is about. "requests", the number answered, makes CPU time per request measurable. In all three texts of a budget
{port} is a port that was free, which is in the variable PORT too.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import re
import shlex
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from perftools.budget.measure import process
from perftools.budget.measure.sides import Side, Sides
from perftools.budget.model import Budget, Metric, Unmeasurable
from perftools.record import Part

READY_S: Final = 60.0
LOAD_S: Final = 600.0
_SERVICE_S: Final = READY_S + LOAD_S + 60.0
_ANSWER_S: Final = 5.0
_POLL_S: Final = 0.05
_APPLICATION: Final = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")
_SERVERS: Final = {
    "uvicorn": ("uvicorn", "{app}", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning"),
    "gunicorn": ("gunicorn", "{app}", "--bind", "127.0.0.1:{port}", "--log-level", "warning"),
}


class Loaded(Part, frozen=True):
    """What a load generator measured."""

    latency_p99_s: float | None = None
    throughput_per_s: float | None = None
    requests: int | None = None


class Service(NamedTuple):
    """A service that takes requests."""

    side: Side
    running: process.Running
    port: int


class Services:
    """Starts and loads the service of one budget."""

    def __init__(self, sides: Sides, budget: Budget) -> None:
        """Raises Unmeasurable ("B-TARGET", "B-LOAD")."""
        if budget.load is None:
            raise Unmeasurable("B-LOAD", f"{budget.metric} needs requests: write load, the command that makes them")
        self._sides = sides
        self._budget = budget
        self._load = _words(budget.load, "load")
        is_application = _APPLICATION.fullmatch(budget.target) is not None
        self._command = None if is_application else _words(budget.target, "target")
        if self._command and budget.ready is None and "{port}" not in budget.target:
            raise Unmeasurable(
                "B-SERVICE", "nobody can tell when the service is ready: write ready, a URL, or {port} in its command"
            )

    @contextlib.contextmanager
    def started(self, side: Side, number: int, *, traceable: bool = False) -> Iterator[Service]:
        """The service on one side, until the `with` ends. Raises Unmeasurable ("B-SERVICE") where it does not start."""
        port = _free_port()
        environment = self._sides.variables(side, number, {"PORT": str(port)})
        argv = [word.replace("{port}", str(port)) for word in self._command or self._server(side)]
        try:
            running = process.Running(
                _by(side, argv), folder=side.folder, environment=environment, timeout_s=_SERVICE_S, traceable=traceable
            )
        except OSError as error:
            raise Unmeasurable("B-SERVICE", f"the service of {side.title} cannot be started: {error}") from error
        try:
            service = Service(side, running, port)
            self._wait(service)
            yield service
        finally:
            running.stop()

    @contextlib.contextmanager
    def loading(self, service: Service, number: int) -> Iterator[process.Running]:
        """The load generator, until the `with` ends. Raises Unmeasurable ("B-LOAD") where it cannot be run."""
        head = self._sides.head
        environment = self._sides.variables(head, number, {"PORT": str(service.port)})
        argv = _by(head, [word.replace("{port}", str(service.port)) for word in self._load])
        try:
            running = process.Running(argv, folder=head.folder, environment=environment, timeout_s=LOAD_S)
        except OSError as error:
            raise Unmeasurable("B-LOAD", f"the load generator cannot be run: {error}") from error
        try:
            yield running
        finally:
            running.stop()

    def loaded(self, service: Service, number: int) -> Loaded:
        """What the load generator measures. Raises Unmeasurable ("B-LOAD", "B-SERVICE")."""
        with self.loading(service, number) as load:
            ended = load.finish()
        if service.running.over():
            raise _ended(service)
        if ended.status != 0:
            raise Unmeasurable("B-LOAD", f"the load generator failed: {ended.last_words}")
        return parse(ended.stdout, self._budget.metric)

    def _server(self, side: Side) -> list[str]:
        """By which server an application ("module:app") is served: the first that its environment has."""
        for module, words in _SERVERS.items():
            asked = [side.python, "-c", f"import {module}"]
            environment = self._sides.variables(side, 0)
            if process.run(asked, folder=side.folder, environment=environment, timeout_s=READY_S).status == 0:
                return [side.python, "-m", *(word.replace("{app}", self._budget.target) for word in words)]
        names = " or ".join(_SERVERS)
        raise Unmeasurable(
            "B-SERVICE", f"{side.title} has no {names}: write the command that starts the service as target"
        )

    def _wait(self, service: Service) -> None:
        """Until it takes requests."""
        url = self._budget.ready and self._budget.ready.replace("{port}", str(service.port))
        deadline_s = time.monotonic() + READY_S
        while not (_answers(url) if url else _listens(service.port)):
            if service.running.over():
                raise _ended(service)
            if time.monotonic() >= deadline_s:
                where = url or f"port {service.port}"
                raise Unmeasurable(
                    "B-SERVICE", f"the service of {service.side.title} was not ready after {READY_S:.0f} s ({where})"
                )
            time.sleep(_POLL_S)


def parse(stdout: str, metric: Metric) -> Loaded:
    """What a load generator says in its last line. Raises Unmeasurable ("B-LOAD")."""
    said = next((line.strip() for line in reversed(stdout.splitlines()) if line.strip()), "")
    field = {"latency_p99": "latency_p99_s", "throughput": "throughput_per_s"}.get(metric)
    try:
        if said.startswith("{"):
            found = msgspec.json.decode(said, type=Loaded)
        else:
            number = float(said)
            found = Loaded(**{field: number}) if field else Loaded()  # type: ignore[arg-type]
    except (ValueError, msgspec.DecodeError):
        found = None
    value = getattr(found, field) if found and field else 1.0
    if found is None or not isinstance(value, float) or not (math.isfinite(value) and value > 0):
        wanted = f'{{"{field}": …}}' if field else "JSON"
        raise Unmeasurable(
            "B-LOAD", f"the last line of the load generator is to be {wanted}, not {process.printable(said, 80)!r}"
        )
    return found


def _ended(service: Service) -> Unmeasurable:
    words = service.running.finish().last_words
    return Unmeasurable("B-SERVICE", f"the service of {service.side.title} ended by itself: {words}")


def _words(command: str, key: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Unmeasurable("B-TARGET", f"{key} is no command: {error}") from error
    if not words:
        raise Unmeasurable("B-TARGET", f"{key} is an empty command")
    return words


def _by(side: Side, argv: list[str]) -> list[str]:
    """The command with that side's Python, where it says only "python"; other names are found by its PATH."""
    return [side.python, *argv[1:]] if argv[0] in ("python", "python3") else argv


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_S):
        return True
    return False


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_ANSWER_S) as answer:  # the budget file takes http and https alone
            return bool(answer.status == http.client.OK)
    except (OSError, http.client.HTTPException, urllib.error.URLError, ValueError):
        return False
