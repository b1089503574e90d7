"""Counters in files: a file lock keeps requests apart, and each is written through to a slow disk of our own."""
import fcntl
import os
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

FOLDER = tempfile.mkdtemp(dir=".")


class Counter:
    def __init__(self, name):
        self.path = os.path.join(FOLDER, name)

    def increment(self):
        with open(self.path, "a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            value = int(file.read() or 0) + 1
            sleep(0.04)
            file.truncate(0)
            file.write(str(value))
        return value


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        value = Counter("visits").increment()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"%d" % value)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
