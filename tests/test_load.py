"""The load generator: an open loop, bounded, counted, and only ever against this machine."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from perftools_benchmarks import load
from perftools_benchmarks.http import Address, connect, loopback
from perftools_benchmarks.requests import parse, parse_batch

from tests.live.services import BENCHMARKS, Service, reference

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80", "http://127.9.9.9:1/", "http://localhost:8000", "http://[::1]:80"]
)
def test_loopback_addresses_are_taken(url: str) -> None:
    assert loopback(url).host in ("127.0.0.1", "127.9.9.9", "::1")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1:80",
        "http://example.org:80",
        "http://127.0.0.1.example.org:80",
        "http://127.0.0.1@example.org:80",
        "http://0.0.0.0:80",
        "http://127.0.0.1",
        "https://127.0.0.1:443",
        "http://127.0.0.1:99999",
        "127.0.0.1:80",
        "",
    ],
)
def test_other_addresses_are_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main([url, "--rate", "1", "--seconds", "1"]) == 2
    assert "loopback" in capsys.readouterr().err


def test_payloads_are_seeded_valid_and_without_repeats() -> None:
    address = Address("127.0.0.1", 80)
    messages = load.payloads(address, 1000, 50, seed=3)
    assert messages == load.payloads(address, 1000, 50, seed=3) != load.payloads(address, 1000, 50, seed=4)
    for message in messages:
        head, _, body = message.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        user, candidates = parse("application/json", body)
        assert 0 <= user < 1000
        assert len(set(candidates)) == 50
    users, candidates = parse_batch(
        "application/json", load.payloads(address, 1000, 50, seed=3, batch=7)[0].partition(b"\r\n\r\n")[2]
    )
    assert (len(users), len(set(candidates))) == (7, 50)


def run(handler: Handler, *, rate: float, seconds: float, max_in_flight: int = 64) -> load.Outcome:
    """The outcome of a run against that server."""

    async def scenario() -> load.Outcome:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        async with server:
            address = Address(*server.sockets[0].getsockname())
            generator = load.Generator(address, [b"x" * 10], rate=rate, seed=1, max_in_flight=max_in_flight)
            return await generator.run(seconds, asyncio.Event())

    return asyncio.run(scenario())


def answering(*answers: bytes, delay_s: float = 0) -> Handler:
    """A server that reads ten bytes and gives the next answer, one at a time over all connections."""
    turns = _endlessly(answers)
    one_at_a_time = asyncio.Lock()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(10):
            async with one_at_a_time:
                await asyncio.sleep(delay_s)
                writer.write(answer := next(turns))
                if b"close" in answer:
                    break
        writer.close()

    return handle


def _endlessly(answers: tuple[bytes, ...]) -> Iterator[bytes]:
    while True:
        yield from answers


def test_the_rate_is_kept_and_every_request_counted() -> None:
    outcome = run(answering(OK), rate=300, seconds=0.5)
    assert 100 < outcome.sent < 200  # Poisson: 150 with a standard deviation of 12
    assert (outcome.answered, outcome.errors, outcome.dropped) == (outcome.sent, {}, 0)
    assert outcome.p50_ms is not None and outcome.p99_ms is not None
    assert 0 < outcome.p50_ms <= outcome.p99_ms


def test_a_slow_server_gets_no_fewer_requests_and_its_queue_shows() -> None:
    quick = run(answering(OK), rate=100, seconds=0.7)
    slow = run(answering(OK, delay_s=0.02), rate=100, seconds=0.7)  # twice what it can do
    assert slow.sent == quick.sent
    assert slow.p99_ms is not None and slow.p99_ms > 200  # a closed loop would see 20 ms each time


def test_requests_in_flight_are_bounded_and_the_rest_dropped() -> None:
    outcome = run(answering(OK, delay_s=0.2), rate=100, seconds=0.5, max_in_flight=3)
    assert outcome.sent <= 6
    assert outcome.sent + outcome.dropped > 25


def test_connections_that_the_server_closes_are_opened_anew() -> None:
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    outcome = run(answering(closing), rate=100, seconds=0.5)
    assert outcome.answered == outcome.sent > 20


def test_bad_answers_are_errors() -> None:
    refused = b"HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n"
    outcome = run(answering(OK, refused, b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\n close\r\n"), rate=100, seconds=0.5)
    assert outcome.errors.keys() == {"422", "ValueError", "ConnectionResetError"}
    assert outcome.answered + sum(outcome.errors.values()) == outcome.sent


def test_a_server_that_is_not_there_is_an_error_of_every_request() -> None:
    async def scenario() -> load.Outcome:
        server = await asyncio.start_server(answering(OK), "127.0.0.1", 0)
        address = Address(*server.sockets[0].getsockname())
        server.close()
        await server.wait_closed()
        return await load.Generator(address, [b"x"], rate=50, seed=1, max_in_flight=4).run(0.3, asyncio.Event())

    outcome = asyncio.run(scenario())
    assert outcome.errors == {"ConnectionRefusedError": outcome.sent}
    assert outcome.sent > 0


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6))
def test_any_bytes_end_in_a_status_or_an_error(pieces: list[bytes]) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.writelines(pieces)
        writer.close()

    async def scenario() -> int:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            connection = await connect(Address(*server.sockets[0].getsockname()))
            return await asyncio.wait_for(connection.request(b"x"), 5)

    with pytest.raises((ConnectionError, ValueError)):
        asyncio.run(scenario())


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with reference("numpy", users=1000) as running_service:
        yield running_service


def command(service: Service, *options: str) -> list[str]:
    return [*BENCHMARKS, "load", service.url, "--users", "1000", "--candidates", "50", *options]


def test_it_runs_as_a_process_of_its_own_and_ends_by_itself(service: Service) -> None:
    done = subprocess.run(
        command(service, "--rate", "100", "--seconds", "0.5", "--json"), capture_output=True, timeout=60, check=True
    )
    outcome = json.loads(done.stdout)
    assert outcome["answered"] == outcome["sent"] > 20
    assert outcome["errors"] == {}
    assert outcome["cpu_s"] < 1


def test_it_chooses_a_rate_and_reports_when_it_is_stopped(service: Service) -> None:
    with subprocess.Popen(
        command(service, "--busy", "0.2", "--seconds", "600"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stdout
        assert process.stderr.readline().startswith("sending ")
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert "requests" in process.stdout.read()
    assert process.returncode == 0


def test_unknown_members_are_refused_before_the_load_begins(service: Service) -> None:
    done = subprocess.run(
        [*BENCHMARKS, "load", service.url, "--users", "100000", "--busy", "0.5", "--seconds", "60"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "422" in done.stderr) == (1, True)
