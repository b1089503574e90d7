"""Soil moisture outlook of an orchard: GET /outlook?hours=6&et=0.4&rain=2"""
import json
import os
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Orchard:
    """Moisture (mm) of square cells; the border is watered by the ditch around it."""

    def __init__(self, rows, columns, seed=5):
        source = random.Random(seed)
        self.rows, self.columns = rows, columns
        self.moisture = [[source.uniform(12.0, 34.0) for _ in range(columns)] for _ in range(rows)]
        self.seepage = 0.11

    def next_hour(self, field, rain, et):
        out = [row[:] for row in field]
        k = self.seepage
        r = 1
        while r < self.rows - 1:
            above, row, below, target = field[r - 1], field[r], field[r + 1], out[r]
            c = 1
            while c < self.columns - 1:
                here = row[c]
                flow = above[c] + below[c] + row[c - 1] + row[c + 1] - 4.0 * here
                target[c] = max(0.0, here + k * flow + rain - et)
                c += 1
            r += 1
        return out

    def outlook(self, hours, rain, et):
        field = self.moisture
        means = []
        for hour in range(hours):
            field = self.next_hour(field, rain if hour < 2 else 0.0, et)
            means.append(round(sum(map(sum, field)) / (self.rows * self.columns), 3))
        driest = min((min(row), r) for r, row in enumerate(field))
        return {"means": means, "driest_row": driest[1], "driest_mm": round(driest[0], 2)}


orchard = Orchard(56, 64)


class Outlook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path != "/outlook":
            self.reply(404, {"error": "unknown path"})
            return
        query = dict(parse_qsl(parts.query))
        try:
            hours = min(24, int(query.get("hours", 6)))
            rain, et = float(query.get("rain", 0)), float(query.get("et", 0.3))
        except ValueError:
            self.reply(400, {"error": "hours, rain and et are numbers"})
            return
        self.reply(200, orchard.outlook(hours, rain, et))

    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Outlook).serve_forever()
