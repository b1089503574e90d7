"""Freight quotes: which rows of the tariff fit a shipment, and what they cost."""
import json
import os
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tariff import Tariff

TARIFF = Tariff.load()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def validate(shipment):
    problems = []
    for name in ("zone", "weight", "volume"):
        if name not in shipment:
            problems.append("%s is missing" % name)
    if not problems and shipment["weight"] <= 0:
        problems.append("weight must be positive")
    return problems


def application(environ, start_response):
    if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != "/quotes":
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    shipment = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    problems = validate(shipment)
    if problems:
        status, document = "422 Unprocessable Entity", {"problems": problems}
    else:
        offers = TARIFF.offers(shipment["zone"], shipment["weight"], shipment["volume"])
        status, document = "200 OK", {"offers": offers, "best": offers[0]["service"] if offers else None}
    data = json.dumps(document).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    with make_server("127.0.0.1", port, application, server_class=Server, handler_class=QuietHandler) as httpd:
        httpd.serve_forever()
