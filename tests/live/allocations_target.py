"""A service that makes large temporaries in each request, and one small thing that is kept."""

import ctypes
import http.server

import numpy as np

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
ROWS = np.random.default_rng(1).standard_normal((2048, 64))  # 1 MiB
RECENT = {}


def standardise(rows, mean, std):
    centred = rows - mean
    scaled = centred / std
    return np.square(scaled)  # the last of three arrays of 1 MiB


def small(rows):
    return rows[:100] * 2.0


def handle(user):
    best = [standardise(ROWS, 0.1, std)[0, 0] for std in (1.7, 1.8, 1.9, 2.0)]
    RECENT[user % 10] = small(ROWS)
    return b"%f\n" % best[user % len(best)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: Nagle's algorithm would hold the second one back

    def do_GET(self):
        answer = handle(int(self.path[1:]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
