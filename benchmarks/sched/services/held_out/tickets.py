"""Hands out tickets; a thread keeps metrics of them, which it works out from scratch each time."""

import itertools
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from perftools_benchmarks.sched.ready import ready

numbers = itertools.count()
issued = [0] * 4000
last = 0.0


class Metrics(threading.Thread):
    daemon = True

    def run(self):
        while True:
            if time.monotonic() - last > 0.5:
                time.sleep(0.05)
            self.median = self.measure()

    @staticmethod
    def measure():
        waits = []
        for ticket, taken in enumerate(issued):
            waits.append((ticket * 31 + taken) % 977)
        return sorted(waits)[len(waits) // 2]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global last
        last = time.monotonic()
        number = next(numbers)
        issued[number % 4000] = number
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ticket %d" % number)

    def log_message(self, *_):
        pass


if os.environ["VARIANT"] == "metrics":
    Metrics().start()
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
ready()
server.serve_forever()
