"""Bodies: what a client may send, in JSON or in bytes, and what it gets back.

JSON: {"user": 3, "candidates": [5, 4]}, answered with {"top": [[4, 0.7], [5, 0.2]]}. Bytes, all little-endian: the
user and the number of candidates, then the candidates, each an int64; answered with the ids of the best (int64), then
their scores (float32): 12 bytes for each.

A codec is what turns JSON into Python and back. "fast" is msgspec, which checks types while it reads, and orjson;
"json" the standard library, checked afterwards; "pydantic" a model of a list of objects that repeat every feature of
every candidate, as clients send it that do not rely on the service's own table. All refuse the same.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import struct
from collections.abc import Callable
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from . import core

Ids = NDArray[np.int64]
MAX_BODY_BYTES = 1 << 20
MAX_CANDIDATES = 10_000
MAX_USERS = 256
"""Of a batch."""
HEAD = struct.Struct("<qq")
RAW = "application/octet-stream"
CODECS = ("fast", "json", "pydantic")


class BadRequest(Exception):
    """A request that cannot be answered, with the status and the reason for the client."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Body(NamedTuple):
    """What was sent, or None; only a codec's `typed` says that ids are a list of int."""

    user: Any = None
    users: Any = None
    candidates: Any = None


class Codec(NamedTuple):
    """JSON to Python and back."""

    decode: Callable[[bytes], Body]
    """Raises BadRequest."""
    encode: Callable[[object], bytes]
    typed: bool = False
    max_body_bytes: int = MAX_BODY_BYTES


@functools.cache
def codec(name: str = "fast", features: int = 20) -> Codec:
    """The codec of that name; of "fast" as much as is installed."""
    if name == "pydantic":
        from .naive import decoder

        return Codec(decoder(features), encode_plain, max_body_bytes=8 * MAX_BODY_BYTES)
    if name == "json" or importlib.util.find_spec("msgspec") is None:
        return Codec(decode_plain, encode_plain)
    if importlib.util.find_spec("orjson") is None:
        return Codec(_typed_decoder(), encode_plain, typed=True)
    import orjson

    return Codec(_typed_decoder(), orjson.dumps, typed=True)


def user_of(body: Body) -> int:
    """The one user. Raises BadRequest."""
    expect(type(body.user) is int, 422, "user: an integer")  # bool is an int, but no id
    return int(body.user)


def ids_of(ids: Any, name: str, most: int, *, typed: bool) -> Ids:
    """A list of ids as an array. Raises BadRequest; whether they exist, the scorer says."""
    expect(isinstance(ids, list) and len(ids) > 0, 422, f"{name}: a list of at least one id")
    expect(len(ids) <= most, 422, f"{name}: at most {most} ids")
    expect(typed or set(map(type, ids)) == {int}, 422, f"{name}: integers")
    try:
        return np.array(ids, dtype=np.int64)
    except OverflowError:
        raise BadRequest(422, f"{name}: an id is not in the table") from None


def distinct(ids: Ids, name: str) -> Ids:
    """The same ids. Raises BadRequest where one comes twice."""
    ordered = np.sort(ids)
    expect(not (ordered[1:] == ordered[:-1]).any(), 422, f"{name}: an id is given twice")
    return ids


def decode_raw(body: bytes) -> tuple[int, Ids]:
    """User and candidates of a body in bytes. Raises BadRequest."""
    expect(len(body) >= HEAD.size, 400, f"the body is shorter than {HEAD.size} bytes")
    user, count = HEAD.unpack_from(body)
    expect(0 < count <= MAX_CANDIDATES, 422, f"candidates: 1 to {MAX_CANDIDATES} ids")
    wanted = HEAD.size + 8 * count
    expect(len(body) == wanted, 400, f"the body has {len(body)} bytes, and not the {wanted} of {count} candidates")
    return user, np.frombuffer(body, dtype="<i8", offset=HEAD.size)


def encode_raw(answer: core.Answer) -> bytes:
    return np.asarray(answer.ids, dtype="<i8").tobytes() + np.asarray(answer.scores, dtype="<f4").tobytes()


def decode_plain(body: bytes) -> Body:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest(400, "the body is no valid JSON") from None
    expect(isinstance(request, dict), 422, "send an object with the members and their candidates")
    return Body(*map(request.get, Body._fields))


def encode_plain(answer: object) -> bytes:
    return json.dumps(answer).encode()


def _typed_decoder() -> Callable[[bytes], Body]:
    import msgspec

    kinds = {"user": Optional[int], "users": Optional[list[int]], "candidates": Optional[list[int]]}
    shape = msgspec.defstruct("Shape", [(name, kind, None) for name, kind in kinds.items()], gc=False)
    read: Callable[[bytes], Any] = msgspec.json.Decoder(shape).decode

    def decode(body: bytes) -> Body:
        try:
            found = read(body)
        except msgspec.ValidationError as error:
            raise BadRequest(422, str(error)) from None
        except (ValueError, RecursionError):
            raise BadRequest(400, "the body is no valid JSON") from None
        return Body(found.user, found.users, found.candidates)

    return decode


def expect(holds: bool, status: int, reason: str) -> None:
    """Raises BadRequest unless it holds."""
    if not holds:
        raise BadRequest(status, reason)
