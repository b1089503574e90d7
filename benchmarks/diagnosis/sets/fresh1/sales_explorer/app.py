"""Lets buyers slice two years of till receipts."""
import json
import os
import random
import statistics
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import numpy as np
import pandas as pd

STORES = 40
GROUPS = ["bread", "dairy", "fruit", "frozen", "drinks", "snacks", "home"]


def load_receipts(rows):
    rnd = random.Random(55)
    vat = {group: rnd.choice([0.07, 0.19]) for group in GROUPS}
    records = [
        {
            "store": rnd.randrange(STORES),
            "group": GROUPS[int(rnd.random() ** 1.4 * len(GROUPS))],
            "day": rnd.randrange(730),
            "amount": round(rnd.expovariate(0.08), 2),
        }
        for _ in range(rows)
    ]
    frame = pd.DataFrame(records)
    frame["net"] = [amount / (1 + vat[group]) for amount, group in zip(frame["amount"], frame["group"])]
    names = pd.DataFrame({"store": range(STORES), "region": [rnd.choice(["N", "E", "S", "W"]) for _ in range(STORES)]})
    frame = frame.merge(names, on="store")
    frame["group"] = frame["group"].astype("category")
    frame["region"] = frame["region"].astype("category")
    return frame.sort_values("day").reset_index(drop=True)


class Latency(threading.Thread):
    """Keeps the last answers' times, and a summary of them for /health."""

    def __init__(self):
        super().__init__(daemon=True, name="latency")
        self.times = [0.0] * 300
        self.summary = {}

    def note(self, seconds):
        self.times = self.times[1:] + [seconds]

    def run(self):
        while True:
            times = list(self.times)
            mean = sum(times) / len(times)
            spread = sum((value - mean) ** 2 for value in times) / len(times)
            self.summary = {"mean": mean, "variance": spread, "median": statistics.median(times)}
            time.sleep(0.5)


RECEIPTS = load_receipts(220000)
DAYS = RECEIPTS["day"].to_numpy()
latency = Latency()


def explore(query):
    first = int(query.get("from", ["0"])[0])
    last = int(query.get("to", ["729"])[0])
    by = query.get("by", ["group"])[0]
    lo, hi = np.searchsorted(DAYS, [first, last + 1])
    period = RECEIPTS.iloc[lo:hi]
    period = period[period["amount"] >= float(query.get("min", ["0"])[0])]
    totals = period.groupby(by, observed=True)[["amount", "net"]].agg("sum")
    return {
        "receipts": len(period),
        "median": float(period["amount"].median()) if len(period) else None,
        "by": {str(k): v for k, v in totals["net"].round(2).to_dict().items()},
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        began = time.perf_counter()
        url = urlparse(self.path)
        document = latency.summary if url.path == "/health" else explore(parse_qs(url.query))
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        latency.note(time.perf_counter() - began)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    latency.start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
