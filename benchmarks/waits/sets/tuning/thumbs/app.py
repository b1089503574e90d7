"""Thumbnails, made by a pool that is too small."""
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAKERS = ThreadPoolExecutor(2)
STORE = f"http://127.0.0.1:{os.environ['PEER']}/image?delay=70"


def thumbnail(number):
    return urllib.request.urlopen(f"{STORE}&n={number}").read()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        made = MAKERS.submit(thumbnail, 7)
        image = made.result(timeout=30)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(image)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
