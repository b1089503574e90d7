"""Tables of a census: GET /table?by=district&from=30&to=65"""
import json
import os
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd

DISTRICTS = ["d%02d" % number for number in range(24)]
KEYS = ("district", "sector")


def people(count=150000, seed=12):
    source = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "district": pd.Categorical.from_codes(source.integers(0, 24, count), DISTRICTS),
            "sector": source.integers(1, 10, count),
            "age": source.integers(0, 99, count),
            "income": source.lognormal(10, 0.6, count),
        }
    )
    rent = {}
    local = random.Random(seed)
    for district in DISTRICTS:
        quotes = [local.gauss(11, 2) for _ in range(400)]
        rent[district] = sum(quotes) / len(quotes)
    rents = pd.DataFrame([{"district": district, "rent": value} for district, value in rent.items()])
    for i, row in rents.iterrows():
        rents.loc[i, "class"] = "dear" if row["rent"] > 11 else "cheap"
    frame["rent"] = frame["district"].map(rents.set_index("district")["rent"]).astype(float)
    return frame


PEOPLE = people()
LOCK = threading.Lock()
SERVED = {key: 0 for key in KEYS}


def table(key, youngest, oldest):
    ages = PEOPLE["age"].to_numpy()
    chosen = PEOPLE.loc[(ages >= youngest) & (ages <= oldest), [key, "income", "rent"]]
    groups = chosen.groupby(key, observed=True)[["income", "rent"]].mean()
    return {"people": len(chosen), "means": groups.round(2).to_dict("index")}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = dict(parse_qsl(urlsplit(self.path).query))
        key = query.get("by", "district")
        if key not in KEYS:
            return self.answer(400, {"error": "by is one of " + ", ".join(KEYS)})
        with LOCK:
            SERVED[key] += 1
        return self.answer(200, table(key, int(query.get("from", 18)), int(query.get("to", 65))))

    def answer(self, status, document):
        body = json.dumps(document, default=float).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
