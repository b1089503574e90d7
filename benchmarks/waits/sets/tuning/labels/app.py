"""Shipping labels, printed by a program."""
import os
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn


class Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True


def render(text):
    done = subprocess.run(["sleep", "0.15"], input=text, stdout=subprocess.PIPE)
    return b"label" + done.stdout


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        label = render(b"to: Ada")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(label)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
