"""Invoices, numbered by a process of its own; requests ask it over a pipe, one at a time."""
import multiprocessing
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def number(pipe):
    count = 0
    while True:
        pipe.recv()
        time.sleep(0.05)
        count += 1
        pipe.send(count)


class Numbers:
    def __init__(self, pipe):
        self.pipe = pipe
        self.turn = threading.Lock()

    def next(self):
        self.turn.acquire()
        try:
            self.pipe.send("next")
            return self.pipe.recv()
        finally:
            self.turn.release()


class Handler(BaseHTTPRequestHandler):
    numbers = None

    def do_GET(self):
        body = b"%d" % self.numbers.next()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=number, args=(theirs,), daemon=True).start()
    Handler.numbers = Numbers(ours)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
