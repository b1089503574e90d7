# hotel search, one file, stdlib only
import json, math, os, random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit, parse_qsl

rnd = random.Random(5)
DIM = 24
AREAS = ["harbour", "old town", "airport", "station", "park", "museum"]

hotels = [
    {
        "id": i,
        "name": "%s %s" % (rnd.choice(["Hotel", "Pension", "Inn", "Suites"]), rnd.choice(["Adler", "Blau", "Corso", "Dora", "Ems"])),
        "area": rnd.choice(AREAS),
        "price": rnd.randint(45, 320),
        "beds": rnd.randint(1, 5),
        "stars": rnd.randint(1, 5),
        "v": [rnd.gauss(0, 1) for _ in range(DIM)],
    }
    for i in range(2600)
]
guests = {g: [rnd.gauss(0, 1) for _ in range(DIM)] for g in range(500)}
seen = {}


def card(h):
    return {k: h[k] for k in ("id", "name", "area", "price", "stars")}


def search(guest, cap, beds, page):
    taste = guests[guest]
    pool = [h for h in hotels if h["price"] <= cap and h["beds"] >= beds]
    pool.sort(key=lambda h: math.sqrt(sum((a - b) ** 2 for a, b in zip(h["v"], taste))) - 0.15 * h["stars"])
    seen[guest] = seen.get(guest, 0) + 1
    cut = pool[page * 20:page * 20 + 20]
    return {"total": len(pool), "page": page, "hotels": [card(h) for h in cut]}


class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        u = urlsplit(self.path)
        q = dict(parse_qsl(u.query))
        try:
            if u.path == "/search":
                code, out = 200, search(int(q["guest"]), int(q.get("cap", 200)), int(q.get("beds", 1)), int(q.get("page", 0)))
            elif u.path == "/seen":
                code, out = 200, seen
            else:
                code, out = 404, {"error": "no such page"}
        except (KeyError, ValueError) as e:
            code, out = 400, {"error": str(e)}
        b = json.dumps(out).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(b)))
        self.end_headers()
        self.wfile.write(b)

    def log_message(self, *a):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
