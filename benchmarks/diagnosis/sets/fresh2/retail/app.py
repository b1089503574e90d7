"""Turnover by shop and week over the whole history, for a dashboard."""
import os
import json
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import numpy as np
import pandas as pd


def load_sales(rows=600_000, seed=2):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "shop": rng.integers(0, 80, rows).astype("int16"),
            "week": np.sort(rng.integers(0, 104, rows)).astype("int16"),
            "article": rng.integers(0, 3000, rows).astype("int32"),
            "price": rng.gamma(2.0, 9.0, rows),
            "quantity": rng.integers(1, 5, rows),
        }
    )


sales = load_sales()
sales["turnover"] = sales["price"] * sales["quantity"]


def dashboard(first, last, least):
    chosen = sales[(sales["week"] >= first) & (sales["week"] <= last) & (sales["turnover"] >= least)]
    by_shop = chosen.groupby("shop")["turnover"].sum()
    by_week = chosen.groupby("week")["turnover"].sum()
    return {
        "rows": len(chosen),
        "best": {int(shop): round(value, 2) for shop, value in by_shop.nlargest(5).items()},
        "weeks": by_week.round(0).tolist(),
    }


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def application(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    document = dashboard(int(query["first"][0]), int(query["last"][0]), float(query.get("least", ["0"])[0]))
    body = json.dumps(document).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), application, handler_class=Quiet).serve_forever()
