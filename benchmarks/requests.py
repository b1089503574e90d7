"""What the service accepts and how it answers, the same under ASGI and WSGI."""

from __future__ import annotations

from typing import NamedTuple

from . import bodies
from .bodies import MAX_CANDIDATES, MAX_USERS, RAW, BadRequest, Codec, Ids, expect
from .core import Scorer, UnknownMember

JSON = "application/json"
PATHS = ("/score", "/score/raw", "/batch", "/health", "/ready")


class Answer(NamedTuple):
    """One response."""

    status: int
    body: bytes
    content_type: str = JSON


def answer(
    scorer: Scorer, method: str, path: str, content_type: str, body: bytes, codec: Codec | None = None
) -> Answer:
    """Answer one request: POST /score, /score/raw or /batch, GET /health or /ready; a 4xx with its reason for all else.

    `body` may be cut off after the codec's `max_body_bytes` + 1.
    """
    codec = codec or bodies.codec()
    try:
        expect(path in PATHS, 404, f"no such path: there are {', '.join(PATHS)}")
        wanted = "GET" if path in ("/health", "/ready") else "POST"
        expect(method == wanted, 405, f"only {wanted}")
        if path == "/health":
            return Answer(200, b'{"status": "ok"}')
        if path == "/ready":
            expect((problem := scorer.problem()) is None, 503, str(problem))
            return Answer(200, b'{"status": "ready"}')
        try:
            if path == "/score/raw":
                _check(content_type, RAW, body, codec)
                user, candidates = bodies.decode_raw(body)
                top = scorer.score(user, bodies.distinct(candidates, "candidates"))
                return Answer(200, bodies.encode_raw(top), RAW)
            if path == "/batch":
                users, candidates = parse_batch(content_type, body, codec)
                batch = scorer.score_batch(users, candidates)
                return Answer(200, codec.encode({"top": [each.pairs() for each in batch]}))
            user, candidates = parse(content_type, body, codec)
            return Answer(200, codec.encode({"top": scorer.score(user, candidates).pairs()}))
        except UnknownMember:
            raise BadRequest(422, "a user or a candidate: the id is not in the table") from None
    except BadRequest as bad:
        return Answer(bad.status, codec.encode({"error": bad.reason}))


def parse(content_type: str, body: bytes, codec: Codec | None = None) -> tuple[int, Ids]:
    """The user and the candidates that a body names; raises BadRequest. Whether they exist, the scorer says."""
    codec = codec or bodies.codec()
    _check(content_type, JSON, body, codec)
    request = codec.decode(body)
    return bodies.user_of(request), _candidates(request, codec)


def parse_batch(content_type: str, body: bytes, codec: Codec | None = None) -> tuple[list[int], Ids]:
    """The users and the candidates that they share; else as `parse`."""
    codec = codec or bodies.codec()
    _check(content_type, JSON, body, codec)
    request = codec.decode(body)
    users = bodies.ids_of(request.users, "users", MAX_USERS, typed=codec.typed)
    return users.tolist(), _candidates(request, codec)


def _candidates(request: bodies.Body, codec: Codec) -> Ids:
    ids = bodies.ids_of(request.candidates, "candidates", MAX_CANDIDATES, typed=codec.typed)
    return bodies.distinct(ids, "candidates")


def _check(content_type: str, wanted: str, body: bytes, codec: Codec) -> None:
    expect(content_type.partition(";")[0].strip().lower() in ("", wanted), 415, f"send {wanted}")
    expect(len(body) <= codec.max_body_bytes, 413, f"the body is longer than {codec.max_body_bytes} bytes")
