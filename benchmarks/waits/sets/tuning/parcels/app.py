"""Parcels: asks again until the carrier knows one, with a pause in between."""
import json
import os
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CARRIER = f"http://127.0.0.1:{os.environ['PEER']}/parcel?delay=3"


class Unknown(Exception):
    pass


def ask(attempt):
    urllib.request.urlopen(CARRIER).read()
    if attempt < 4:
        raise Unknown
    return "arrived"


def state():
    delay = 0.02
    attempt = 0
    while True:
        try:
            return ask(attempt)
        except Unknown:
            attempt += 1
            time.sleep(delay)
            delay = min(delay * 1.5, 0.06)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"state": state()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
