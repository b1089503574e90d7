"""Thousands of bad and good requests against a running service: it lives on, gives no wrong score, and keeps no memory.

What is right is judged apart from the service's own code: the standard library reads the body, and scores are computed
in float64 from the table.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import struct
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from .. import bodies, core
from ..core import tables

RAW, JSON = bodies.RAW, "application/json"
VALUES: tuple[Any, ...] = (
    -1,
    0,
    1,
    2**31,
    2**63,
    2**64,
    10**30,
    1.0,
    1.5,
    1e400,
    True,
    None,
    "1",
    "",
    [],
    [1],
    {},
    {"id": 1},
)
SETTLED = 0.2
"""Of the requests, after which memory counts: buffers have their size by then."""

OVERSIZED = 100
"""One request in so many is longer than the service takes: too dear to come up often, and not to be left to chance."""


class Fuzzed(NamedTuple):
    """What came of it."""

    sent: int
    statuses: dict[int, int]
    hung_up: int
    """Connections that the client left amid a request."""
    wrong: list[str]
    """Answers that were not as they should be: a wrong score, a status of 5xx, a refusal without a reason."""
    growth_kib: int
    """Anonymous memory of the service at the end over what it had after SETTLED of the requests."""


class Sent(NamedTuple):
    """A request."""

    method: str
    path: str
    body: bytes
    content_type: str = JSON


def fuzz(url: str, pid: int, table: tables.Table, *, count: int, seed: int = 1) -> Fuzzed:
    """Send `count` requests, one after the other. Raises OSError where the service does not answer at all."""
    choose = random.Random(seed)
    address = urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    hung_up = memory_kib = 0
    for number in range(count):
        if number == int(count * SETTLED):
            memory_kib = anonymous_kib(pid)
        sent = request(choose, len(table.rows)) if number % OVERSIZED else _oversized()
        if choose.random() < 0.02:
            _hang_up(connection, sent)
            hung_up += 1
            continue
        connection.request(sent.method, sent.path, sent.body, {"Content-Type": sent.content_type})
        answer = connection.getresponse()
        body = answer.read()
        statuses[answer.status] += 1
        if (why := fault(table, sent, answer.status, body)) is not None:
            wrong.append(f"{sent.method} {sent.path} {sent.body[:60]!r}: {answer.status}, {why}")
    connection.close()
    return Fuzzed(count, dict(statuses), hung_up, wrong, anonymous_kib(pid) - memory_kib)


def _hang_up(connection: http.client.HTTPConnection, sent: Sent) -> None:
    connection.putrequest(sent.method, sent.path)
    connection.putheader("Content-Length", str(len(sent.body) + 1))
    connection.endheaders(sent.body)
    connection.close()


def request(choose: random.Random, members: int) -> Sent:
    """One of every kind."""
    size = choose.choice((1, 2, 20, 21, 50))
    user, ids = choose.randrange(members), choose.sample(range(members), min(size, members))
    raw = struct.pack(f"<qq{len(ids)}q", user, len(ids), *ids)
    text = json.dumps({"user": user, "candidates": ids}).encode()
    kind = choose.randrange(12)
    if kind == 0:
        return Sent("POST", "/score", text)
    if kind == 1:
        return Sent("POST", "/score/raw", raw, RAW)
    if kind == 2:
        return Sent("POST", "/score", mutated(choose, text))
    if kind == 3:
        return Sent("POST", "/score/raw", mutated(choose, raw), RAW)
    if kind == 4:
        ids[choose.randrange(len(ids))] = choose.choice(VALUES)
        return Sent("POST", "/score", json.dumps({"user": user, "candidates": ids}).encode())
    if kind == 5:
        return Sent("POST", "/score", json.dumps({"user": choose.choice(VALUES), "candidates": ids}).encode())
    if kind == 6:
        what = {"user": user, "candidates": choose.choice(VALUES), "more": choose.choice(VALUES)}
        return Sent("POST", "/score", json.dumps(what).encode())
    if kind == 7:
        return Sent("POST", "/score", json.dumps(choose.choice(VALUES)).encode())
    if kind == 8:
        bad = choose.choice((-1, members, 2**62, -(2**63), ids[0]))
        return Sent("POST", "/score/raw", struct.pack(f"<qq{len(ids) + 1}q", user, len(ids) + 1, *ids, bad), RAW)
    if kind == 9:
        return Sent(
            choose.choice(("GET", "PUT", "POST")), choose.choice(("/", "/score", "/health", "/ready", "/..")), b""
        )
    if kind == 10:
        return Sent(
            "POST",
            choose.choice(("/score", "/score/raw")),
            choose.randbytes(choose.randrange(200)),
            choose.choice((JSON, RAW, "text/xml", "")),
        )
    if choose.random() < 0.1:
        return Sent("POST", "/score", choose.choice((b"[" * 100_000, b"1" * 10_000)))
    many = list(range(choose.choice((0, bodies.MAX_CANDIDATES + 1))))
    return Sent("POST", "/score", json.dumps({"user": user, "candidates": many}).encode())


def _oversized() -> Sent:
    return Sent("POST", "/score", b" " * (bodies.MAX_BODY_BYTES + 1))


def mutated(choose: random.Random, body: bytes) -> bytes:
    """A few bytes changed, lost or come in, or the rest cut off."""
    changed = bytearray(body)
    for _ in range(choose.randrange(1, 4)):
        at = choose.randrange(len(changed)) if changed else 0
        how = choose.randrange(4)
        if how == 0:
            changed[at : at + 1] = choose.randbytes(1)
        elif how == 1:
            del changed[at : at + choose.randrange(1, 9)]
        elif how == 2:
            changed[at:at] = choose.choice((b"-", b"1", b",", b"]", b'"', b"\xff", b"\x00" * 8))
        else:
            del changed[at:]
    return bytes(changed)


def fault(table: tables.Table, sent: Sent, status: int, body: bytes) -> str | None:
    """What is wrong with an answer."""
    if 400 <= status < 500:
        try:
            return None if json.loads(body)["error"] else "no reason"
        except (ValueError, TypeError, KeyError):
            return "no reason"
    if status != 200:
        return "neither answered nor refused"
    if sent.path in ("/health", "/ready"):
        return None
    user, ids = _meant(sent)
    if not (type(user) is int and ids and {type(each) for each in ids} == {int} and len(set(ids)) == len(ids)):
        return "answered, and should have been refused"
    if not all(0 <= each < len(table.rows) for each in (user, *ids)):
        return "answered for a member that is not there"
    if sent.path == "/score/raw":
        found = list(zip(*(part.tolist() for part in _halves(body))))
    else:
        found = [tuple(pair) for pair in json.loads(body)["top"]]
    exact = exact_scores(table, user, ids)
    right = sorted(exact.values(), reverse=True)[: core.TOP]
    scores = [score for _, score in found]
    near = len(scores) == len(right) and np.allclose(scores, right, rtol=0, atol=core.TOLERANCE)
    own = near and all(abs(exact.get(member, np.inf) - score) <= core.TOLERANCE for member, score in found)
    return None if own else "a wrong score"


def _meant(sent: Sent) -> tuple[Any, Any]:
    if sent.path == "/score/raw":
        user, count, *ids = struct.unpack(f"<{len(sent.body) // 8}q", sent.body[: len(sent.body) // 8 * 8])
        return user, ids if count == len(ids) and len(sent.body) % 8 == 0 else None
    asked = json.loads(sent.body.decode("utf-8", "replace"))
    return asked["user"], asked["candidates"]


def _halves(body: bytes) -> tuple[Any, Any]:
    count = len(body) // 12
    return np.frombuffer(body, "<i8", count), np.frombuffer(body, "<f4", count, offset=8 * count)


def exact_scores(table: tables.Table, user: int, ids: Sequence[int]) -> dict[int, float]:
    """Of a table with a linear head."""
    rows = table.rows[list(ids)].astype(np.float64)
    query = np.zeros(rows.shape[1])
    query[: table.dimensions] = table.rows[user, : table.dimensions]
    query[table.dimensions : table.dimensions + table.feature_count] = table.head.weights  # type: ignore[union-attr]
    return dict(zip(ids, (rows @ query).tolist()))


def anonymous_kib(pid: int) -> int:
    """Memory that is a process's own, mapped files left out (RssAnon of proc(5))."""
    found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1])
