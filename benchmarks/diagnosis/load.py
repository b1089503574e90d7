"""Sends requests to a case at a steady rate until its standard input ends; runs in a process of its own.

Standard library alone, so that it imports nothing of ours.

The rate is open-loop up to the number of connections: requests are due at fixed times, and those that nobody could
send in time are dropped and counted. Paths and bodies hold generators, filled from a seeded random source:

    {int 0 999}  {float 0 1}  {word}                                    in a path
    "$int 0 999", "$float 0 1", "$word", "$words 30", "$choice a b c"   a JSON string, replaced by a value
    ["$repeat 40", ITEM]                                                a JSON list of 40 items, each filled anew
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import socket
import sys
import threading
import time
from typing import Any

LONGEST_S = 900
_VARIANTS = 64
_WORDS = ("river", "cloud", "table", "green", "orbit", "lemon", "paper", "stone", "quick", "valley", "amber", "north")


def generate(spec: str, source: random.Random) -> Any:
    """The value that a generator such as "int 0 999" stands for."""
    kind, *arguments = spec.split()
    if kind == "int":
        return source.randint(int(arguments[0]), int(arguments[1]))
    if kind == "float":
        return round(source.uniform(float(arguments[0]), float(arguments[1])), 6)
    if kind == "word":
        return source.choice(_WORDS)
    if kind == "words":
        return " ".join(source.choices(_WORDS, k=int(arguments[0])))
    if kind == "choice":
        return source.choice(arguments)
    raise ValueError(f"unknown generator {spec!r}")


def fill(value: Any, source: random.Random) -> Any:
    """The JSON value with its generators replaced."""
    if isinstance(value, str) and value.startswith("$"):
        return generate(value[1:], source)
    if isinstance(value, dict):
        return {key: fill(item, source) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], str) and value[0].startswith("$repeat "):
            return [fill(value[1], source) for _ in range(int(value[0].split()[1]))]
        return [fill(item, source) for item in value]
    return value


def requests(path: str, body: str | None, seed: int = 7) -> list[tuple[str, bytes | None]]:
    """The requests to send in turn."""
    source = random.Random(seed)
    template = json.loads(body) if body is not None else None
    return [
        (
            re.sub(r"\{(\w+ ?[^}]*)\}", lambda found: str(generate(found[1], source)), path),
            None if body is None else json.dumps(fill(template, source)).encode(),
        )
        for _ in range(_VARIANTS)
    ]


class Sender:
    """Sends every n-th request over a connection of its own."""

    def __init__(self, port: int, method: str, queue: list[tuple[str, bytes | None]], stop: threading.Event) -> None:
        self._port, self._method, self._queue, self._stop = port, method, queue, stop
        self._connection: http.client.HTTPConnection | None = None
        self.sent = self.failed = self.dropped = 0
        self.latencies_s: list[float] = []
        self.problem = ""

    def run(self, first_s: float, every_s: float, offset: int, step: int) -> None:
        """Send requests `offset`, `offset + step`, … at `first_s`, `first_s + every_s`, … (monotonic) until stopped."""
        due, index = first_s, offset
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            self._send(*self._queue[index % len(self._queue)])
            index, due = index + step, due + every_s
            while due < time.monotonic() - every_s:
                due, self.dropped = due + every_s, self.dropped + 1

    def _send(self, path: str, body: bytes | None) -> None:
        began = time.monotonic()
        self.sent += 1
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
            self._connection.request(self._method, path, body, {"Content-Type": "application/json"} if body else {})
            if self._connection.sock is not None:
                # An answer in two writes otherwise waits for our delayed acknowledgement: tcp(7), TCP_QUICKACK.
                self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            answer = self._connection.getresponse()
            content = answer.read()
            if answer.status >= 400:
                self.failed, self.problem = (self.failed + 1, f"{answer.status} {content[:200]!r}")
            if answer.will_close:
                self._connection = None
        except (OSError, http.client.HTTPException) as error:
            self.failed, self.problem, self._connection = (self.failed + 1, repr(error), None)
        self.latencies_s.append(time.monotonic() - began)


def main() -> None:
    """Read the spec (a JSON line), send until the input ends, print the counts as JSON."""
    spec = json.loads(sys.stdin.readline())
    stop, count = threading.Event(), spec["concurrency"]
    queue = requests(spec["path"], spec["body"])
    senders = [Sender(spec["port"], spec["method"], queue, stop) for _ in range(count)]
    begin, every_s = time.monotonic() + 0.05, count / spec["rate"]
    threads = [
        threading.Thread(target=sender.run, args=(begin + i / spec["rate"], every_s, i, count), daemon=True)
        for i, sender in enumerate(senders)
    ]
    for thread in threads:
        thread.start()
    reader = threading.Thread(target=os.read, args=(0, 1), daemon=True)
    reader.start()
    reader.join(LONGEST_S)
    stop.set()
    for thread in threads:
        thread.join(2)
    latencies = sorted(latency for sender in senders for latency in sender.latencies_s)
    print(
        json.dumps(
            {
                "sent": sum(sender.sent for sender in senders),
                "failed": sum(sender.failed for sender in senders),
                "dropped": sum(sender.dropped for sender in senders),
                "median_ms": round(1000 * latencies[len(latencies) // 2], 1) if latencies else None,
                "problem": next((sender.problem for sender in senders if sender.problem), ""),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
