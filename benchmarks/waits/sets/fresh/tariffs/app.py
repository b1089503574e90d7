"""Tariffs from a store of its own protocol: every call goes through a decorator that tries again."""
import functools
import json
import os
import socket
import struct
import time
import wsgiref.simple_server
from socketserver import ThreadingMixIn


def retried(times):
    def decorate(function):
        @functools.wraps(function)
        def call(*args):
            for attempt in range(times):
                try:
                    return function(*args)
                except OSError:
                    time.sleep(0.01 * attempt)
            raise RuntimeError("no tariff")

        return call

    return decorate


class Store:
    def _exactly(self, sock, size):
        data = b""
        while len(data) < size:
            data += sock.recv(size - len(data))
        return data

    @retried(3)
    def tariff(self, zone):
        with socket.create_connection(("127.0.0.1", int(os.environ["PEER"])), timeout=5) as sock:
            sock.sendall(b"GET %d 85\n" % zone)
            head = self._exactly(sock, 4)
            return struct.unpack(">I", head)[0]


def app(environ, start_response):
    body = json.dumps({"tariff": Store().tariff(4)}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Server(ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


wsgiref.simple_server.make_server("127.0.0.1", int(os.environ["PORT"]), app, Server, Quiet).serve_forever()
