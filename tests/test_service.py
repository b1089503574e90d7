"""The reference service: it answers in every form, and gives a clear 4xx for every request that cannot be answered."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from perftools_benchmarks import core, requests, serve, wsgi
from perftools_benchmarks.asgi import Application
from perftools_benchmarks.core import tables

from tests.live.services import BENCHMARKS, Service, children, ended, reference, running

MEMBERS = 60
FORMS = ("lists", "pandas_apply", "numpy")
TABLE = tables.make(MEMBERS)
SCORERS = {form: core.forms()[form].prepare(TABLE) for form in FORMS}
members = st.integers(0, MEMBERS - 1)

REFUSED: list[tuple[int, object]] = [
    (422, {"user": MEMBERS, "candidates": [1]}),
    (422, {"user": 1, "candidates": [MEMBERS]}),
    (422, {"user": 1, "candidates": [-1]}),
    (422, {"user": 1, "candidates": [10**30]}),
    (422, {"user": True, "candidates": [1]}),
    (422, {"user": 1.0, "candidates": [1]}),
    (422, {"user": "1", "candidates": [1]}),
    (422, {"user": None, "candidates": [1]}),
    (422, {"candidates": [1]}),
    (422, {"user": 1}),
    (422, {"user": 1, "candidates": []}),
    (422, {"user": 1, "candidates": {}}),
    (422, {"user": 1, "candidates": "12"}),
    (422, {"user": 1, "candidates": [1, True]}),
    (422, {"user": 1, "candidates": [1, 2.0]}),
    (422, {"user": 1, "candidates": [1, "2"]}),
    (422, {"user": 1, "candidates": [1, None]}),
    (422, {"user": 1, "candidates": [[1]]}),
    (422, {"user": 1, "candidates": [1] * (requests.MAX_CANDIDATES + 1)}),
    (422, [1, [2]]),
    (422, None),
    (400, b""),
    (400, b"{"),
    (400, b"\xff\xfe\x00"),
    (400, b"[" * 100_000),
    (400, b'{"user": ' + b"1" * 5000 + b', "candidates": [1]}'),
    (413, b" " * (requests.MAX_BODY_BYTES + 1)),
]


def encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with reference("numpy", users=MEMBERS) as running_service:
        yield running_service


def ask(url: str, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> tuple[int, Any]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_server_answers_and_refuses(service: Service) -> None:
    status, answer = ask(service.url, "POST", "/score", encoded({"user": 3, "candidates": [5, 3, 4, 3]}))
    assert status == 200
    assert [member for member, _ in answer["top"]] == [m for m, _ in SCORERS["lists"].score(3, [5, 3, 4, 3]).pairs()]
    assert ask(service.url, "GET", "/health") == (200, {"status": "ok"})
    for expected, body in REFUSED:
        status, answer = ask(service.url, "POST", "/score", encoded(body))
        assert (status, list(answer)) == (expected, ["error"]), body if not isinstance(body, bytes) else body[:40]
    assert ask(service.url, "GET", "/nowhere")[0] == 404
    assert ask(service.url, "GET", "/score")[0] == 405
    assert ask(service.url, "POST", "/health")[0] == 405
    assert ask(service.url, "POST", "/score", b"<score/>", "text/xml")[0] == 415
    assert ask(service.url, "POST", "/score", encoded({"user": 0, "candidates": [1]}))[0] == 200  # and lives on


@pytest.mark.parametrize("form", FORMS)
def test_every_form_refuses_the_same(form: str) -> None:
    for expected, body in REFUSED:
        assert call(form, encoded(body)).status == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=4),
    max_leaves=10,
)
near_misses = st.fixed_dictionaries(
    {"user": members | json_values, "candidates": st.lists(members | json_values, max_size=4) | json_values}
)


@given(
    st.sampled_from(FORMS),
    st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()) | near_misses.map(encoded),
    st.integers(1, 50),
)
@settings(max_examples=150, deadline=None)
def test_no_request_is_answered_with_a_5xx(form: str, body: bytes, chunk: int) -> None:
    answer = call(form, body, chunk=chunk)
    assert answer.status == 200 or 400 <= answer.status < 500
    assert list(json.loads(answer.body)) == (["top"] if answer.status == 200 else ["error"])


def call(form: str, body: bytes, *, chunk: int = 1 << 16) -> requests.Answer:
    """One request to the ASGI application, its body in pieces."""
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]
    received = iter([{"type": "http.request", "body": piece, "more_body": True} for piece in pieces])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(received, {"type": "http.request", "body": b"", "more_body": False})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/score", "headers": []}
    asyncio.run(Application(SCORERS[form])(scope, receive, send))
    start, end = sent
    assert dict(start["headers"])[b"content-length"] == str(len(end["body"])).encode()
    return requests.Answer(start["status"], end["body"])


def test_a_client_that_goes_away_gets_no_answer() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/score", "headers": []}
    asyncio.run(Application(SCORERS["lists"])(scope, gone, send))


def test_wsgi_gives_the_same_answers() -> None:
    application = wsgi.application(SCORERS["lists"])
    for expected, body in [*REFUSED, (200, {"user": 3, "candidates": [5, 4]})]:
        text, status = encoded(body), list[str]()
        environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/score", "CONTENT_TYPE": "application/json"}
        environ |= {"CONTENT_LENGTH": str(len(text)), "wsgi.input": io.BytesIO(text)}
        answer = b"".join(application(environ, lambda line, headers, status=status: status.append(line)))
        assert int(status[0].split()[0]) == expected
        assert set(json.loads(answer)) <= {"top", "error"}


def test_sigterm_ends_the_service_and_its_workers() -> None:
    with reference("lists", workers=2, users=100) as service:
        tree = [service.pid, *children(service.pid)]
        assert len(tree) >= 3
        os.kill(service.pid, signal.SIGTERM)
        assert ended(tree)


def test_the_service_ends_with_the_process_that_started_it() -> None:
    code = "import os, subprocess, sys; subprocess.run([*sys.argv[1:], '--parent', str(os.getpid())])"
    serve_command = [*BENCHMARKS, "serve", "--form", "lists", "--workers", "2", "--users", "100"]
    starter = [sys.executable, "-c", code, *serve_command]
    with running(starter, ready=r"listening on \S+ pid (?P<pid>\d+)") as (process, said):
        service = int(said["pid"])
        tree = [service, *children(service)]
        process.kill()
        process.wait()
        assert ended(tree)


def test_a_port_in_use_and_a_missing_server_are_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert serve.main(["--form", "lists", "--port", str(taken.getsockname()[1])]) == 1
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert serve.main(["--form", "lists"]) == 2
    assert "pip install '.[demo]'" in capsys.readouterr().err


def test_verbs_are_listed_and_unknown_ones_refused() -> None:
    known = subprocess.run([*BENCHMARKS, "--help"], capture_output=True, text=True, timeout=30, check=False)
    assert known.returncode == 0 and "serve" in known.stdout
    unknown = subprocess.run([*BENCHMARKS, "fly"], capture_output=True, text=True, timeout=30, check=False)
    assert unknown.returncode == 2 and "serve" in unknown.stderr
