"""Load for one server: as much as it takes, for its rate at saturation, and an open loop below that, for latencies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple, cast

from .. import load
from ..http import Address
from ..ladder import cpu

CONNECTIONS = 8
"""Requests in flight at saturation: the next one always waits already."""


class Saturated(NamedTuple):
    """A server that is given its next request as soon as it has answered."""

    rate: float
    """Answers a second."""
    cpu_us: float
    """Of the server, for a request."""
    errors: int
    """Answers with another status than 200."""


class Loaded(NamedTuple):
    """A server in an open loop."""

    rate: float
    """Requests a second, Poisson."""
    p50_ms: float
    """From the scheduled time, as all latencies here."""
    p99_ms: float
    cpu_us: float
    lost: int
    """Requests that were not answered with 200, or not sent because too many were in flight."""


class _Client(asyncio.Protocol):
    """Sends a request, and the next one when its answer is whole."""

    def __init__(self, run: _Run, first: int) -> None:
        self._run, self._next = run, first
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(self._received) < end + 4 + length:
            return
        self._run.answered += 1
        self._run.errors += head[9:12] != b"200"
        self._received.clear()
        if not self._run.over:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's interface
        if not self._run.over:
            self._run.lost.set_exception(ConnectionResetError("the server closed a connection under load"))

    def close(self) -> None:
        self._transport.close()

    def _send(self) -> None:
        self._transport.write(self._run.messages[self._next % len(self._run.messages)])
        self._next += CONNECTIONS


class _Run:
    def __init__(self, messages: Sequence[bytes]) -> None:
        self.messages = messages
        self.answered = self.errors = 0
        self.over = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()


async def saturate(address: Address, pid: int, messages: Sequence[bytes], *, seconds: float) -> Saturated:
    """The server's rate when it never waits. Raises ConnectionResetError where it hangs up."""
    run = _Run(messages)
    loop = asyncio.get_running_loop()
    clients = []
    try:
        for number in range(CONNECTIONS):
            _, client = await loop.create_connection(lambda n=number: _Client(run, n), *address)  # type: ignore[misc]
            clients.append(client)
        await _pass(run, min(0.5, seconds / 4))
        cpu_start, start, before = cpu.of_process_s(pid), time.monotonic(), run.answered
        while True:
            await _pass(run, seconds)
            if run.answered > before + CONNECTIONS or time.monotonic() > start + load.PATIENCE_S:
                break
        took, answered = time.monotonic() - start, max(1, run.answered - before)
        cpu_s = cpu.of_process_s(pid) - cpu_start
    finally:
        run.over = True
        for client in clients:
            client.close()
    return Saturated(answered / took, cpu_s / answered * 1e6, run.errors)


async def _pass(run: _Run, seconds: float) -> None:
    await asyncio.wait([run.lost], timeout=seconds)
    if run.lost.done():
        run.lost.result()


async def open_loop(address: Address, pid: int, messages: Sequence[bytes], *, rate: float, seconds: float) -> Loaded:
    """Poisson arrivals at `rate`. Raises RuntimeError where nothing is answered."""
    generator = load.Generator(address, messages, rate=rate, seed=1, max_in_flight=256, punctual=True)
    cpu_start = cpu.of_process_s(pid)
    outcome = await generator.run(seconds, asyncio.Event())
    cpu_s = cpu.of_process_s(pid) - cpu_start
    if outcome.p50_ms is None or outcome.p99_ms is None:
        raise RuntimeError(f"no answers: {outcome.errors}")
    lost = outcome.sent - outcome.answered + outcome.dropped
    return Loaded(rate, outcome.p50_ms, outcome.p99_ms, cpu_s / outcome.answered * 1e6, lost)
