"""A lottery: draws in Python, kept apart by a queue of one worker thread that never rests."""
import os
import queue
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

draws = queue.Queue()


def draw():
    while True:
        reply = draws.get()
        numbers = list(range(4000))
        random.shuffle(numbers)
        reply.put(sorted(numbers[:6]))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        reply = queue.SimpleQueue()
        draws.put(reply)
        body = str(reply.get()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


threading.Thread(target=draw, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
