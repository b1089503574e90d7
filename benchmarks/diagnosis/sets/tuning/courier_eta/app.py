"""Tells a restaurant which couriers can pick up an order, and when."""
import json
import os
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import geo

CITY = (52.52, 13.405)
VEHICLES = {"bike": 15.0, "scooter": 28.0, "car": 24.0}


class Fleet:
    def __init__(self, size, seed=11):
        rnd = random.Random(seed)
        self.positions = [
            (CITY[0] + rnd.gauss(0, 0.05), CITY[1] + rnd.gauss(0, 0.08)) for _ in range(size)
        ]
        self.vehicles = [rnd.choice(list(VEHICLES)) for _ in range(size)]
        self.names = ["c%05d" % i for i in range(size)]

    def eta_minutes(self, idx, km):
        speed = VEHICLES[self.vehicles[idx]]
        return round(3.0 + 60.0 * km / speed, 1)


fleet = Fleet(12000)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlparse(self.path)
        if url.path == "/health":
            return self.answer(200, {"couriers": len(fleet.positions)})
        if url.path != "/couriers":
            return self.answer(404, {"error": "not found"})
        query = parse_qs(url.query)
        try:
            lat = float(query["lat"][0])
            lon = float(query["lon"][0])
            radius = float(query.get("radius", ["2.5"])[0])
        except (KeyError, ValueError):
            return self.answer(400, {"error": "lat, lon and radius are numbers"})
        hits = geo.within(fleet.positions, lat, lon, radius)
        rows = [
            {
                "courier": fleet.names[idx],
                "vehicle": fleet.vehicles[idx],
                "km": round(km, 3),
                "eta_min": fleet.eta_minutes(idx, km),
            }
            for km, idx in hits[:25]
        ]
        rows.sort(key=lambda row: row["eta_min"])
        self.answer(200, {"box": geo.bounding_box(lat, lon, radius), "couriers": rows})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
