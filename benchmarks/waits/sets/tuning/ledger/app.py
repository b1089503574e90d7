"""Bookings in SQLite: each takes the write lock first, and asks a risk service while it holds it."""
import os
import sqlite3
import tempfile
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = os.path.join(tempfile.mkdtemp(dir="."), "ledger.db")
RISK = f"http://127.0.0.1:{os.environ['PEER']}/risk?delay=60"


def open_ledger():
    return sqlite3.connect(PATH, timeout=20, isolation_level=None)


def book(amount):
    ledger = open_ledger()
    try:
        ledger.execute("BEGIN IMMEDIATE")
        urllib.request.urlopen(RISK).read()
        ledger.execute("INSERT INTO bookings VALUES (?)", (amount,))
        ledger.execute("COMMIT")
    finally:
        ledger.close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        book(3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"booked")

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    open_ledger().execute("CREATE TABLE bookings (amount INTEGER)")
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    server.daemon_threads = True
    server.serve_forever()
