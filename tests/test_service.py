"""The reference service: it answers in every form, and gives a clear 4xx for every request that cannot be answered."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from perftools_benchmarks import bodies, core, refresher, requests, serve, wsgi
from perftools_benchmarks.asgi import Application
from perftools_benchmarks.core import tables
from perftools_benchmarks.endtoend import fuzz

from tests.live.services import BENCHMARKS, Service, children, ended, reference, running

MEMBERS = 60
FORMS = ("lists", "pandas_apply", "numpy")
TABLE = tables.make(MEMBERS)
SCORERS = {form: core.forms()[form].prepare(TABLE) for form in FORMS}
members = st.integers(0, MEMBERS - 1)

FUZZED = int(os.environ.get("PERFTOOLS_TEST_FUZZED", "400"))
"""Requests; `python -m perftools_benchmarks service` sends 10,000."""

REFUSED: list[tuple[int, object]] = [
    (422, {"user": 1, "candidates": [2, 1, 2]}),
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
    (422, {"user": 1, "candidates": [1] * (bodies.MAX_CANDIDATES + 1)}),
    (422, [1, [2]]),
    (422, None),
    (400, b""),
    (400, b"{"),
    (400, b"\xff\xfe\x00"),
    (413, b" " * (bodies.MAX_BODY_BYTES + 1)),
]
MALFORMED_OR_OF_A_WRONG_TYPE = (b"[" * 100_000, b'{"user": ' + b"1" * 5000 + b', "candidates": [1]}')


def raw(user: int, *ids: int, count: int | None = None) -> bytes:
    return struct.pack(f"<qq{len(ids)}q", user, len(ids) if count is None else count, *ids)


RAW_REFUSED = [
    (400, b""),
    (400, b"1234567"),
    (422, raw(1)),
    (422, raw(1, 2, count=-1)),
    (422, raw(1, *range(bodies.MAX_CANDIDATES + 1))),
    (400, raw(1, 2, 3)[:-1]),
    (400, raw(1, 2, 3)[:-8]),
    (400, raw(1, 2, 3) + b"1"),
    (400, raw(1, 2, 3, count=1)),
    (422, raw(MEMBERS, 1)),
    (422, raw(-1, 1)),
    (422, raw(1, MEMBERS)),
    (422, raw(1, 5, -1)),
    (422, raw(1, 2**63 - 1)),
    (422, raw(1, 5, 4, 5)),
    (413, raw(1, 2) + b" " * bodies.MAX_BODY_BYTES),
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
    status, answer = ask(service.url, "POST", "/score", encoded({"user": 3, "candidates": [5, 3, 4]}))
    assert status == 200
    assert [member for member, _ in answer["top"]] == [m for m, _ in SCORERS["lists"].score(3, [5, 3, 4]).pairs()]
    assert ask(service.url, "GET", "/health") == (200, {"status": "ok"})
    assert ask(service.url, "GET", "/ready") == (200, {"status": "ready"})
    for expected, body in REFUSED:
        status, answer = ask(service.url, "POST", "/score", encoded(body))
        assert (status, list(answer)) == (expected, ["error"]), body if not isinstance(body, bytes) else body[:40]
    assert ask(service.url, "GET", "/nowhere")[0] == 404
    assert ask(service.url, "GET", "/score")[0] == 405
    assert ask(service.url, "POST", "/health")[0] == 405
    assert ask(service.url, "POST", "/score", b"<score/>", "text/xml")[0] == 415
    assert ask(service.url, "POST", "/score", encoded({"user": 0, "candidates": [1]}))[0] == 200  # and lives on


def test_thousands_of_bad_requests_leave_the_server_alive_right_and_with_flat_memory(service: Service) -> None:
    done = fuzz.fuzz(service.url, service.pid, TABLE, count=FUZZED, seed=random.randrange(1 << 30))
    assert done.wrong == []
    assert done.statuses.keys() >= {200, 400, 404, 405, 413, 415, 422}
    assert done.growth_kib < 4096


def test_the_fuzzer_knows_a_wrong_answer_from_a_right_one() -> None:
    sent = fuzz.Sent("POST", "/score", encoded({"user": 3, "candidates": [5, 4]}))
    right = SCORERS["lists"].score(3, [5, 4]).pairs()
    (first, score), second = right
    assert fuzz.fault(TABLE, sent, 200, encoded({"top": right})) is None
    for wrong in ([(first, score + 1e-3), second], [(second[0], score), second], [second], [*right, second]):
        assert fuzz.fault(TABLE, sent, 200, encoded({"top": wrong})) == "a wrong score"
    twice = sent._replace(body=encoded({"user": 3, "candidates": [5, 5]}))
    assert "should have been refused" in str(fuzz.fault(TABLE, twice, 200, encoded({"top": right})))
    unknown = sent._replace(body=encoded({"user": 3, "candidates": [MEMBERS]}))
    assert "not there" in str(fuzz.fault(TABLE, unknown, 200, encoded({"top": right})))
    assert fuzz.fault(TABLE, sent, 500, b"") is not None
    assert fuzz.fault(TABLE, sent, 422, b"{}") is not None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("codec", ["fast", "json"])
def test_every_form_and_codec_refuses_the_same(form: str, codec: str) -> None:
    for expected, body in REFUSED:
        assert call(form, encoded(body), codec=codec).status == expected
    for body in MALFORMED_OR_OF_A_WRONG_TYPE:
        assert call(form, body, codec=codec).status in (400, 422)


@pytest.mark.parametrize("form", FORMS)
def test_bytes_are_answered_with_bytes_and_refused_with_a_reason(form: str) -> None:
    answer = call(form, raw(3, 5, 4, 7), path="/score/raw")
    assert (answer.status, answer.content_type, len(answer.body)) == (200, bodies.RAW, 3 * 12)
    ids, scores = np.frombuffer(answer.body, "<i8", 3), np.frombuffer(answer.body, "<f4", 3, offset=24)
    assert list(zip(ids.tolist(), scores.tolist(), strict=True)) == [
        (member, pytest.approx(score, abs=core.TOLERANCE))
        for member, score in SCORERS["lists"].score(3, [5, 4, 7]).pairs()
    ]
    for expected, body in RAW_REFUSED:
        refused = call(form, body, path="/score/raw")
        assert (refused.status, list(json.loads(refused.body))) == (expected, ["error"])
    assert call(form, raw(3, 5), path="/score/raw", content_type="application/json").status == 415
    assert call(form, encoded({"user": 3, "candidates": [5]}), content_type=bodies.RAW).status == 415


def test_an_object_for_each_candidate_is_checked_feature_by_feature() -> None:
    features = {f"feature_{number}": 0.5 for number in range(20)}
    good = {"user": 3, "candidates": [{"id": member, **features} for member in (5, 4)]}
    plain = json.loads(call("lists", encoded({"user": 3, "candidates": [5, 4]})).body)
    assert json.loads(call("lists", encoded(good), codec="pydantic").body) == plain
    lacking = dict.fromkeys(list(features)[1:], 0.5)
    for bad in ({"id": 5}, {"id": True, **features}, {"id": 5, **features, "feature_3": "x"}, {"id": 5, **lacking}, 5):
        refused = call("lists", encoded({"user": 3, "candidates": [bad]}), codec="pydantic")
        assert (refused.status, list(json.loads(refused.body))) == (422, ["error"])
    assert call("lists", b"{", codec="pydantic").status == 400
    assert (
        call("lists", encoded({"user": 3, "candidates": [good["candidates"][0]] * 2}), codec="pydantic").status == 422
    )  # type: ignore[index]


def test_embeddings_are_refreshed_under_requests_of_which_none_fails() -> None:
    with running(
        [
            *BENCHMARKS,
            "serve",
            "--form",
            "cached",
            "--users",
            str(MEMBERS),
            "--refresh",
            "0.05",
            "--parent",
            str(os.getpid()),
        ],
        ready=r"listening on (?P<url>\S+) pid",
    ) as (process, said):
        url = said["url"]
        asked = encoded({"user": 3, "candidates": list(range(20))})
        before = ask(url, "POST", "/score", asked)
        (embeddings,) = (
            Path(each)
            for child in children(process.pid)
            for each in Path(f"/proc/{child}/cmdline").read_text().split("\0")
            if "embeddings-" in each
        )
        changed = np.array(TABLE.features[::-1])
        np.save(embeddings / "new.npy", changed)
        os.replace(embeddings / "new.npy", embeddings / refresher.FEATURES)
        wanted = core.forms()["lists"].prepare(tables.pack(changed, TABLE.tower, TABLE.head)).score(3, list(range(20)))
        deadline = time.monotonic() + 20
        while True:
            status, answer = ask(url, "POST", "/score", asked)
            assert status == 200
            if [member for member, _ in answer["top"]] == [member for member, _ in wanted.pairs()]:
                break
            assert answer == before[1] and time.monotonic() < deadline
        (embeddings / refresher.FEATURES).write_bytes(b"no array")
        time.sleep(0.3)
        assert ask(url, "POST", "/score", asked) == (200, answer)
    deadline = time.monotonic() + 10
    while embeddings.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_freezes_what_it_holds_and_warms_up(tmp_path: Path) -> None:
    code = (
        "import gc; from perftools_benchmarks import worker; begun = worker.begin();"
        "print(gc.get_freeze_count(), len(begun.scorer.scratch._rows))"
    )
    counts = {}
    for freeze in (True, False):
        told = json.dumps({"form": "numpy", "users": MEMBERS, "freeze": freeze})
        environment = {**os.environ, "PERFTOOLS_REFERENCE_SERVICE": told, "XDG_CACHE_HOME": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        counts[freeze], warmed = map(int, done.stdout.split())
        assert warmed == MEMBERS
    assert counts[True] > 10_000 > counts[False] == 0


@pytest.mark.parametrize("form", [*FORMS, "batch"])
def test_a_batch_is_answered_as_its_users_one_by_one(form: str) -> None:
    scorer = core.forms()[form].prepare(TABLE)
    body = encoded({"users": [3, 7, 3], "candidates": [5, 9, 11]})
    batch = requests.answer(scorer, "POST", "/batch", "application/json", body)
    alone = [SCORERS["lists"].score(user, [5, 9, 11]).pairs() for user in (3, 7, 3)]
    assert batch.status == 200
    for found, expected in zip(json.loads(batch.body)["top"], alone, strict=True):
        assert [member for member, _ in found] == [member for member, _ in expected]
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=core.TOLERANCE)


@pytest.mark.parametrize(
    "users", [[], 3, [MEMBERS], [-1], [True], [1.0], ["1"], [10**30], [1] * (requests.MAX_USERS + 1), None]
)
def test_a_batch_for_what_are_no_members_is_refused(users: object) -> None:
    for form in ("numpy", "batch"):
        scorer = core.forms()[form].prepare(TABLE)
        body = encoded({"users": users, "candidates": [1]})
        assert requests.answer(scorer, "POST", "/batch", "application/json", body).status == 422


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
    answer = call(form, body, chunk=chunk, codec="json" if chunk % 2 else "fast")
    assert answer.status == 200 or 400 <= answer.status < 500
    assert list(json.loads(answer.body)) == (["top"] if answer.status == 200 else ["error"])


def call(
    form: str,
    body: bytes,
    *,
    chunk: int = 1 << 16,
    codec: str = "fast",
    path: str = "/score",
    content_type: str | None = None,
) -> requests.Answer:
    """One request to the ASGI application, its body in pieces."""
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]
    received = iter([{"type": "http.request", "body": piece, "more_body": True} for piece in pieces])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(received, {"type": "http.request", "body": b"", "more_body": False})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(Application(SCORERS[form], json_codec=bodies.codec(codec))(scope, receive, send))
    start, end = sent
    assert dict(start["headers"])[b"content-length"] == str(len(end["body"])).encode()
    return requests.Answer(start["status"], end["body"], dict(start["headers"])[b"content-type"].decode())


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
