"""What the service accepts and how it answers, the same under ASGI and WSGI."""

from __future__ import annotations

import json
from typing import NamedTuple

from .core import Scorer, UnknownMember

MAX_BODY_BYTES = 1 << 20
MAX_CANDIDATES = 10_000


class Answer(NamedTuple):
    """One response: always JSON."""

    status: int
    body: bytes


class BadRequest(Exception):
    """A request that cannot be answered, with the status and the reason for the client."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def answer(scorer: Scorer, method: str, path: str, content_type: str, body: bytes) -> Answer:
    """Answer one request: POST /score or GET /health, and a 4xx with its reason for all else.

    `body` may be cut off after MAX_BODY_BYTES + 1.
    """
    try:
        if path == "/health":
            _expect(method == "GET", 405, "only GET")
            return Answer(200, b'{"status": "ok"}')
        _expect(path == "/score", 404, "no such path: there are POST /score and GET /health")
        _expect(method == "POST", 405, "only POST")
        user, candidates = parse(content_type, body)
        try:
            top = scorer.score(user, candidates).pairs()
        except UnknownMember:
            raise BadRequest(422, "user or candidates: an id is not in the table") from None
        return Answer(200, json.dumps({"top": top}).encode())
    except BadRequest as bad:
        return Answer(bad.status, json.dumps({"error": bad.reason}).encode())


def parse(content_type: str, body: bytes) -> tuple[int, list[int]]:
    """The user and the candidates that a body names; raises BadRequest. Whether they exist, the scorer says."""
    _expect(content_type.partition(";")[0].strip().lower() in ("", "application/json"), 415, "send application/json")
    _expect(len(body) <= MAX_BODY_BYTES, 413, f"the body is longer than {MAX_BODY_BYTES} bytes")
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest(400, "the body is no valid JSON") from None
    _expect(isinstance(request, dict), 422, "send an object with user and candidates")
    user, candidates = request.get("user"), request.get("candidates")
    _expect(type(user) is int, 422, "user: an integer")  # bool is an int, but no id
    _expect(isinstance(candidates, list) and len(candidates) > 0, 422, "candidates: a list of at least one id")
    _expect(len(candidates) <= MAX_CANDIDATES, 422, f"candidates: at most {MAX_CANDIDATES} ids")
    _expect(set(map(type, candidates)) == {int}, 422, "candidates: integers")
    return user, candidates


def _expect(holds: bool, status: int, reason: str) -> None:
    if not holds:
        raise BadRequest(status, reason)
