"""Scores, in Python: a thread for each connection, and never enough of the GIL."""
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WEIGHTS = [((7 * n) % 13) / 13 for n in range(20000)]


def score(vector):
    return sum(w * x for w, x in zip(WEIGHTS, vector))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        best = max(score(WEIGHTS[n:] + WEIGHTS[:n]) for n in range(12))
        body = b"%f" % best
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
