"""Splits a text into tokens and counts them: http.server, with as many processes as asked for."""

import os
import socket
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from perftools_benchmarks.sched.ready import ready

TEXT = "the quick brown fox, who jumps over 13 lazy dogs; and again: the fox. " * 60


def tokens(text):
    word = []
    for letter in text:
        if letter.isalnum():
            word.append(letter)
        elif word:
            yield "".join(word)
            word = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        counts = Counter(token for _ in range(12) for token in tokens(TEXT))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr(counts.most_common(3)).encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 512

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


workers = int(os.environ["WORKERS"])
while workers > 1 and os.fork():
    workers -= 1
server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
ready()
server.serve_forever()
