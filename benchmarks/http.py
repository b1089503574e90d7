"""Just enough of HTTP/1.1 to load a server of our own: one request at a time on a kept connection, no chunks."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
from typing import NamedTuple, cast
from urllib.parse import urlsplit

MAX_HEAD_BYTES = 64 << 10


class Address(NamedTuple):
    """A server on this machine."""

    host: str
    port: int


def loopback(url: str) -> Address:
    """The address of an `http://` URL; raises ValueError unless it is one of this machine's loopback addresses."""
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    with contextlib.suppress(ValueError):
        if parts.scheme == "http" and parts.port and ipaddress.ip_address(host).is_loopback:
            return Address(host, parts.port)
    raise ValueError(f"{url}: only http://127.0.0.1:PORT and other loopback addresses are loaded")


def post(address: Address, path: str, payload: object) -> bytes:
    """The bytes of a request with `payload` as its JSON."""
    return message(address, "POST", path, json.dumps(payload).encode())


def message(address: Address, method: str, path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """The bytes of a request."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}:{address.port}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """A kept connection; `reusable` says whether it may carry another request."""

    reusable = False

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[int] | None = None

    async def request(self, message: bytes) -> int:
        """Send one request and wait for its answer: the status.

        Raises ConnectionError when the server hangs up first, ValueError on an answer that is no HTTP.
        """
        self._answer = asyncio.get_running_loop().create_future()
        self._received.clear()
        self._transport.write(message)
        return await self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        self._socket: socket.socket = transport.get_extra_info("socket")
        self.reusable = True

    def data_received(self, data: bytes) -> None:
        # Acknowledge at once: a server that leaves Nagle's algorithm on holds the body back until its head is
        # acknowledged (uvicorn 0.54 with several workers), which costs 40 ms a request.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        try:
            if end:
                status, length, keep = _parse_head(bytes(head))
                if len(body) >= length:
                    self.reusable = keep
                    self._finish(status)
            elif len(self._received) > MAX_HEAD_BYTES:
                raise ValueError("the head of the answer has no end")
        except ValueError as error:
            self.close()
            self._finish(error)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's interface
        self.reusable = False
        self._finish(ConnectionResetError("the server closed the connection"))

    def close(self) -> None:
        self.reusable = False
        self._transport.close()

    def _finish(self, result: int | Exception) -> None:
        if self._answer is None or self._answer.done():
            return
        if isinstance(result, int):
            self._answer.set_result(result)
        else:
            self._answer.set_exception(result)


def _parse_head(head: bytes) -> tuple[int, int, bool]:
    """Status, length of the body, and whether the connection is kept."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = [*first.split(" ", 2), ""]
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if not version.startswith("HTTP/1.") or "content-length" not in headers:
        raise ValueError(f"no HTTP/1.1 answer with a length: {first[:60]!r}")
    return int(status), int(headers["content-length"]), headers.get("connection", "").lower() != "close"


async def connect(address: Address) -> Connection:
    """A new connection; raises OSError."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, address.host, address.port)
    return connection
