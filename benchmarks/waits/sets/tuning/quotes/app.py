"""Quotes of an upstream price service, for shop windows."""
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPSTREAM = f"http://127.0.0.1:{os.environ['PEER']}/price"


def price(sku):
    with urllib.request.urlopen(f"{UPSTREAM}/{sku}?delay=80", timeout=10) as answer:
        return len(answer.read())


def basket(skus):
    total = 0
    for sku in skus:
        total += price(sku)
    return total


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"total": basket(range(2))}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
