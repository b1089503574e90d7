"""The scores over HTTP: `python service.py PORT`. A helper process stands for the workers of a real service."""

from __future__ import annotations

import multiprocessing
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import features

PAIRS = [(number, number + 7) for number in range(200)]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = repr(sum(features.score(PAIRS))).encode() if self.path == "/score" else b"ready"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    multiprocessing.Process(target=time.sleep, args=(600,), daemon=True).start()
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
