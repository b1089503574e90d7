"""A small scoring service over http.server, hard or easy on the garbage collector, which times its own collections.

    garbage_target.py serve MODE FILE     prints "ready on PORT"; at SIGTERM writes its collections to FILE as JSON
    garbage_target.py load PORT RATE      one request after another, that many a second

MODE: "default"; "frozen", as the first but with all that exists after the start moved out of the collector's sight;
"collecting", one that asks for a full collection in each request; "healthy", which has little to collect.
"""

from __future__ import annotations

import ctypes
import gc
import http.client
import json
import os
import random
import signal
import sys
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, HTTPServer

PROFILES = 200_000
"""Three objects each."""
CANDIDATES = 1500
LAST = 8
"""Requests whose visits stay in memory: they live long enough to reach the oldest generation, and die there."""

collections: list = []
profiles: list = []
last: deque = deque(maxlen=LAST)
mode = ""


class Profile:
    """A member as services keep them: an object that holds others."""

    __slots__ = ("likes", "seen")

    def __init__(self, member):
        self.likes = [member]
        self.seen = [member]


class Visit:
    """A candidate shown to a user. It refers to its request, and the request to it: a cycle."""

    __slots__ = ("candidate", "profile", "request")

    def __init__(self, request, candidate, profile):
        self.request = request
        self.candidate = candidate
        self.profile = profile


def remember(candidates):
    request = []
    for candidate in candidates:
        request.append(Visit(request, candidate, profiles[candidate]))
    last.append(request)
    return request


def answer(candidates):
    if mode == "healthy":
        return sorted(candidates)[:20]
    best = sorted(remember(candidates), key=lambda visit: visit.candidate)[:20]
    if mode == "collecting":
        gc.collect()  # in each request
    return [visit.candidate for visit in best]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: Nagle would hold the second back

    def do_POST(self):
        candidates = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(answer(candidates)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def note(phase, info):
    now = time.monotonic()
    if phase == "start":
        collections.append([now, None, info["generation"]])
    else:
        collections[-1][1] = now


def serve(file):
    global profiles
    profiles = [Profile(member) for member in range(PROFILES)] if mode != "healthy" else []
    if mode == "frozen":
        for _ in range(20 * LAST):
            answer(list(range(CANDIDATES)))
        # The second collection counts anew what is long-lived: a quarter of that starts the next full one.
        gc.collect()
        gc.freeze()
        gc.collect()
    gc.set_threshold(700, 5, 5)  # full collections often, where few objects are long-lived
    gc.callbacks.append(note)
    signal.signal(signal.SIGTERM, lambda *_: end(file))
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        print("ready on", server.server_port, flush=True)
        server.serve_forever()


def end(file):
    """At once, wherever it is: an exception raised in a callback of the collector would be ignored."""
    with open(file, "w") as output:
        json.dump([each for each in collections if each[1]], output)
    os._exit(0)


def load(port, rate):
    choose = random.Random(1)
    bodies = [json.dumps(choose.sample(range(PROFILES), CANDIDATES)) for _ in range(50)]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due, sent = time.monotonic(), 0
    while True:
        connection.request("POST", "/", bodies[sent % len(bodies)])
        connection.getresponse().read()
        sent += 1
        if sent == 50:
            print("loading", flush=True)
        due = max(due + 1 / rate, time.monotonic() - 0.1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    global mode
    libc = ctypes.CDLL(None)
    libc.prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    kind, *arguments = sys.argv[1:]
    if kind == "serve":
        mode = arguments[0]
        serve(arguments[1])
    else:
        load(int(arguments[0]), float(arguments[1]))


if __name__ == "__main__":
    main()
