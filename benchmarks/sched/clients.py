"""Clients with one request at a time each, from one thread of a process of its own: what they cost is a few percent.

Reads what to do as one JSON line; prints "loading" when it begins, and after each line that it then reads, how many
requests were answered with 200 since the last one. Ends with its input.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import selectors
import socket
import sys
import time
from typing import Any, NamedTuple

FAILED_PAUSE_S = 0.05


class Client(NamedTuple):
    """One connection, for one request."""

    message: bytes
    connection: socket.socket
    received: bytearray


class Clients:
    """All of them, on the loopback port of a service."""

    def __init__(self, port: int, messages: list[bytes], think_s: float) -> None:
        self._port, self._think_s = port, think_s
        self._selector = selectors.DefaultSelector()
        self._selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        now = time.monotonic()
        self._due = [(now + think_s * number / len(messages), message) for number, message in enumerate(messages)]
        """A heap: when the next requests are to be sent."""
        self._answered = self._failed = 0

    def run(self) -> None:
        """Until the input ends."""
        while True:
            wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for key, _ in self._selector.select(wait_s):
                if key.data is None:
                    if not sys.stdin.buffer.readline():
                        return
                    print(json.dumps([self._answered, self._failed]), flush=True)
                    self._answered = self._failed = 0
                else:
                    self._receive(key.data)
            while self._due and self._due[0][0] <= time.monotonic():
                self._send(heapq.heappop(self._due)[1])

    def _send(self, message: bytes) -> None:
        try:
            connection = socket.create_connection(("127.0.0.1", self._port))  # of the backlog: does not block
            connection.sendall(message)
        except OSError:
            self._failed += 1
            heapq.heappush(self._due, (time.monotonic() + FAILED_PAUSE_S, message))
            return
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ, Client(message, connection, bytearray()))

    def _receive(self, client: Client) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                if part := client.connection.recv(1 << 18):
                    client.received.extend(part[: 16 - len(client.received)])
                    return
                answered = client.received[8:13] == b" 200 "
            except ConnectionError:
                answered = False
            self._selector.unregister(client.connection)
            client.connection.close()
            self._answered += answered
            self._failed += not answered
            pause_s = self._think_s if answered else FAILED_PAUSE_S
            heapq.heappush(self._due, (time.monotonic() + pause_s, client.message))


def message(path: str, payload: Any) -> bytes:
    """A request after whose answer the server closes the connection."""
    method, body = ("GET", b"") if payload is None else ("POST", json.dumps(payload).encode())
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def main() -> None:
    """Load the service that the first line of the input names."""
    spec = json.loads(sys.stdin.buffer.readline())
    paths = spec["paths"]
    messages = [message(paths[number % len(paths)], spec["payload"]) for number in range(spec["clients"])]
    clients = Clients(spec["port"], messages, spec["think_s"])
    print("loading", flush=True)
    clients.run()


if __name__ == "__main__":
    main()
