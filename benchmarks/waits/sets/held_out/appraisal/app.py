"""Appraisals, done by two clerks: threads that take orders from a queue and answer on another."""
import os
import queue
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

orders = queue.Queue()


def clerk():
    line = socket.create_connection(("127.0.0.1", int(os.environ["PEER"]))).makefile("rwb")
    while True:
        item, reply = orders.get()
        line.write(b"GET %d 40\n" % item)
        line.flush()
        reply.put(line.readline())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        reply = queue.Queue()
        orders.put((7, reply))
        answer = reply.get(timeout=20)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


for _ in range(2):
    threading.Thread(target=clerk, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
