"""Postcode service: tables are computed with pandas and plain Python at start, requests only look things up."""
import json
import os
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd

POSTCODES = 4000


def build():
    rnd = random.Random(40)
    frame = pd.DataFrame(
        {
            "code": [f"{10000 + i * 13:05d}" for i in range(POSTCODES)],
            "lat": [rnd.uniform(47, 55) for _ in range(POSTCODES)],
            "lon": [rnd.uniform(6, 15) for _ in range(POSTCODES)],
            "people": [rnd.randrange(200, 60000) for _ in range(POSTCODES)],
        }
    )
    frame["density"] = frame.apply(lambda row: row["people"] / (1 + abs(row["lat"] - 51)), axis=1)
    table = {row["code"]: dict(row) for _, row in frame.iterrows()}
    points = [(record["lat"], record["lon"], code) for code, record in table.items()]
    for lat, lon, code in points[:600]:
        near = sorted((abs(lat - a) + abs(lon - b), other) for a, b, other in points)
        table[code]["near"] = [other for _, other in near[1:6]]
    return table


TABLE = build()


def describe(code):
    record = TABLE[code]
    lines = [f"{key}: {value}" for key, value in sorted(record.items()) if key != "near"]
    near = [TABLE[other]["code"] for other in record.get("near", ())]
    return {"code": code, "text": "\n".join(lines), "near": near, "record": record}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        codes = self.path.strip("/").split(",")
        found, missing = [], []
        for code in codes:
            (found if code in TABLE else missing).append(code)
        document = {"missing": missing, "places": [describe(code) for code in found], "all": sorted(TABLE)[:400]}
        body = json.dumps(document, indent=1).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
