"""Waiting times of a clinic's wards, for the board in the hall."""
import datetime as dt
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import numpy as np
import pandas as pd

import waits

WARDS = ["surgery", "cardiology", "eyes", "children", "x-ray", "lab", "skin", "ear"]


def load_visits(days=30, per_day=180, seed=8):
    rng = np.random.default_rng(seed)
    n = days * per_day
    frame = pd.DataFrame(
        {
            "day": np.repeat(np.arange(days), per_day),
            "ward": rng.choice(WARDS, n),
            "urgent": rng.random(n) < 0.15,
            "wait": rng.gamma(2.0, 14.0, n).round(1),
            "treat": rng.gamma(3.0, 6.0, n).round(1),
        }
    )
    return {day: rows for day, rows in frame.groupby("day")}


VISITS = load_visits()


class Board(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlparse(self.path)
        if url.path != "/board":
            self.send_error(404)
            return
        day = int(parse_qs(url.query).get("day", ["0"])[0])
        table = waits.by_ward(VISITS[day % len(VISITS)])
        page = {"printed": dt.datetime.now().isoformat(timespec="seconds"), "wards": table}
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Board).serve_forever()
