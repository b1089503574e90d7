import json
import random
import urllib.parse

import numpy as np
import pandas as pd

ROWS = 250_000


def movements():
    g = np.random.default_rng(88)
    return pd.DataFrame({
        "item": g.integers(0, 3000, ROWS).astype("int32"),
        "hall": g.integers(0, 8, ROWS).astype("int8"),
        "delta": g.integers(-20, 24, ROWS).astype("int32"),
        "minute": np.sort(g.integers(0, 10080, ROWS)).astype("int32"),
    })


class Warehouse:
    def __init__(self):
        self.movements = movements()

    def turnover(self, first, last):
        m = self.movements
        chosen = m[(m["minute"] >= first) & (m["minute"] < last)]
        per_hall = chosen["delta"].abs().groupby(chosen["hall"]).sum()
        per_item = np.bincount(chosen["item"], weights=chosen["delta"], minlength=3000)
        return {
            "moves": len(chosen),
            "halls": {int(h): int(v) for h, v in per_hall.items()},
            "short": int((per_item < -50).sum()),
        }


warehouse = Warehouse()


def application(environ, start_response):
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    try:
        first = int(query.get("first", 0))
        last = int(query.get("last", 10080))
        status, answer = "200 OK", warehouse.turnover(first, last)
    except ValueError:
        status, answer = "400 Bad Request", {"error": "minutes are whole numbers", "try": random.randrange(10080)}
    body = json.dumps(answer).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
