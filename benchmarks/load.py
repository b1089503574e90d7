"""Open-loop load for the scoring service: Poisson arrivals on a schedule, each latency counted from its scheduled time.

A server that falls behind gets no fewer requests for it, so that its queue shows in the latencies; what would exceed
the bound of requests in flight is dropped and counted. Only loopback addresses are loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import statistics
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from . import prctl
from .http import Address, Connection, connect, loopback, post
from .settings import Settings

PATIENCE_S = 10.0
"""How long an answer may take; at the end of the run, how long the last ones are waited for."""
MAX_RATE = 5000.0


class Outcome(NamedTuple):
    """What became of the requests."""

    sent: int
    answered: int
    """With status 200."""
    errors: dict[str, int]
    """Other answers by their status, failures by their kind."""
    dropped: int
    """Not sent, because as many as allowed were in flight."""
    seconds: float
    rate: float
    """Answered in a second."""
    p50_ms: float | None
    p99_ms: float | None
    cpu_s: float
    """Spent by the generator itself."""


def payloads(
    address: Address, members: int, candidates: int, seed: int, count: int = 64, *, batch: int | None = None
) -> list[bytes]:
    """Seeded requests, each for one user (`batch`: for so many) and distinct candidates, ready to be sent."""
    choose = random.Random(seed)

    def message() -> bytes:
        who = {"users": choose.choices(range(members), k=batch)} if batch else {"user": choose.randrange(members)}
        asked = {**who, "candidates": choose.sample(range(members), candidates)}
        return post(address, "/batch" if batch else "/score", asked)

    return [message() for _ in range(count)]


async def request_time_s(address: Address, messages: Sequence[bytes], budget_s: float = 2.0) -> float:
    """The median time of an answer, one request after the other: at least 5 of them after 2 to warm up.

    Raises OSError, ValueError or asyncio.TimeoutError where the server does not answer, RuntimeError where it refuses.
    """
    connection = await connect(address)
    times: list[float] = []
    stop_at = time.monotonic() + budget_s
    try:
        for number in range(200):
            if not connection.reusable:
                connection = await connect(address)
            start = time.monotonic()
            status = await asyncio.wait_for(connection.request(messages[number % len(messages)]), PATIENCE_S)
            if status != 200:
                raise RuntimeError(f"the server answers {status}")
            times.append(time.monotonic() - start)
            if len(times) >= 7 and time.monotonic() > stop_at:
                break
    finally:
        connection.close()
    return statistics.median(times[2:])


class Generator:
    """One run of load. Connections are opened when needed: while one worker is busy, its sibling takes the next."""

    def __init__(
        self,
        address: Address,
        messages: Sequence[bytes],
        *,
        rate: float,
        seed: int,
        max_in_flight: int,
        punctual: bool = False,
    ) -> None:
        self._address = address
        self._messages = messages
        self._rate = rate
        self._seed = seed
        self._max_in_flight = max_in_flight
        self._early_s = 0.002 if punctual else 0.0
        """Before a request is due, the time for which the loop spins: the timers of epoll(7) are up to 1 ms late."""
        self._idle: deque[Connection] = deque()
        self._latencies_s: list[float] = []
        self._errors: Counter[str] = Counter()

    async def run(self, seconds: float, stop: asyncio.Event) -> Outcome:
        """Load for `seconds`, or until `stop` is set."""
        start, cpu_start = time.monotonic(), time.process_time()
        in_flight: set[asyncio.Task[None]] = set()
        sent = dropped = 0
        for message, due in zip(_cycle(self._messages), self._arrivals(start, seconds)):
            if await _stopped(stop, due - time.monotonic() - self._early_s):
                break
            while self._early_s and time.monotonic() < due:  # noqa: ASYNC110  # spinning is the point
                await asyncio.sleep(0)
            if len(in_flight) >= self._max_in_flight:
                dropped += 1
                continue
            task = asyncio.create_task(self._request(message, due))
            in_flight.add(task)
            task.add_done_callback(in_flight.discard)
            sent += 1
        spent = time.monotonic() - start
        if in_flight:
            await asyncio.wait(in_flight, timeout=0 if stop.is_set() else PATIENCE_S)
        for task in in_flight:
            task.cancel()
            self._errors["unanswered at the end"] += 1
        for connection in self._idle:
            connection.close()
        return self._outcome(sent, dropped, spent, time.process_time() - cpu_start)

    def _arrivals(self, start: float, seconds: float) -> Iterator[float]:
        choose = random.Random(self._seed)
        due = start + choose.expovariate(self._rate)
        while due < start + seconds:
            yield due
            due += choose.expovariate(self._rate)

    async def _request(self, message: bytes, due: float) -> None:
        try:
            status = await asyncio.wait_for(self._answer(message), PATIENCE_S)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            self._errors[type(error).__name__] += 1
            return
        if status == 200:
            self._latencies_s.append(time.monotonic() - due)
        else:
            self._errors[str(status)] += 1

    async def _answer(self, message: bytes) -> int:
        connection = self._take_idle() or await connect(self._address)
        try:
            status = await connection.request(message)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        return status

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.popleft()
            if connection.reusable:
                return connection
        return None

    def _outcome(self, sent: int, dropped: int, seconds: float, cpu_s: float) -> Outcome:
        times = sorted(self._latencies_s)
        return Outcome(
            sent=sent,
            answered=len(times),
            errors=dict(self._errors),
            dropped=dropped,
            seconds=seconds,
            rate=len(times) / seconds if seconds else 0.0,
            p50_ms=times[len(times) // 2] * 1000 if times else None,
            p99_ms=times[len(times) * 99 // 100] * 1000 if times else None,
            cpu_s=cpu_s,
        )


def _cycle(messages: Sequence[bytes]) -> Iterator[bytes]:
    while True:
        yield from messages


async def _stopped(stop: asyncio.Event, within_s: float) -> bool:
    """Wait for that long, or less if `stop` is set; a time that has passed waits for nothing."""
    if within_s > 0:
        try:
            await asyncio.wait_for(stop.wait(), within_s)
        except asyncio.TimeoutError:
            return False
    return stop.is_set()


def main(argv: list[str]) -> int:
    """Load a service; exit code 0 if it answered at all, 1 if not, 2 for a URL that is not loaded."""
    options = _parser().parse_args(argv)
    try:
        address = loopback(options.url)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.parent:
        prctl.end_with(options.parent)
    try:
        outcome = asyncio.run(_run(address, options))
    except (OSError, RuntimeError, ValueError, asyncio.TimeoutError) as error:
        print(f"{options.url}: {error or type(error).__name__}", file=sys.stderr)
        return 1
    print(json.dumps(outcome._asdict()) if options.json else _text(outcome))
    return 0 if outcome.answered else 1


async def _run(address: Address, options: argparse.Namespace) -> Outcome:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    messages = payloads(address, options.users, options.candidates, options.seed, batch=options.batch)
    rate = options.rate or min(MAX_RATE, options.busy / await request_time_s(address, messages))
    print(f"sending {rate:.1f} requests/s to {options.url} for {options.seconds:g} s", file=sys.stderr, flush=True)
    generator = Generator(address, messages, rate=rate, seed=options.seed, max_in_flight=options.max_in_flight)
    return await generator.run(options.seconds, stop)


def _text(outcome: Outcome) -> str:
    errors = ", ".join(f"{count} {kind}" for kind, count in outcome.errors.items()) or "none"
    latency = f"p50 {outcome.p50_ms:.1f} ms, p99 {outcome.p99_ms:.1f} ms" if outcome.answered else "no latencies"
    return (
        f"{outcome.sent} requests, {outcome.rate:.1f} answers/s, {latency} from the scheduled time\n"
        f"errors: {errors}; dropped: {outcome.dropped}; CPU of the generator: {outcome.cpu_s:.1f} s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks load", description=__doc__)
    parser.add_argument("url", help="http://127.0.0.1:PORT")
    how_much = parser.add_mutually_exclusive_group(required=True)
    how_much.add_argument("--rate", type=_positive, help="requests a second")
    how_much.add_argument(
        "--busy",
        type=_positive,
        help="cores to keep busy: time a few requests, then choose the rate (0.5: half a core)",
    )
    parser.add_argument("--seconds", type=_positive, required=True)
    parser.add_argument("--candidates", type=int, default=500, help="of a request (default %(default)s)")
    parser.add_argument(
        "--batch", type=int, metavar="USERS", help="of a request, which are scored in one (POST /batch)"
    )
    parser.add_argument(
        "--users", type=int, default=Settings().users, help="rows of the service's table (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-in-flight", type=int, default=64, help="requests (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON on stdout")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when PID, the process that starts this, ends")
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and a million")
    return number
