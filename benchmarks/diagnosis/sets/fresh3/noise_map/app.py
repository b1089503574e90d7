"""Noise around a construction site: GET /map for a grid of receivers, GET /exposure/<station> for the day's level."""
import json
import os
import random
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import exposure
import levels

source = random.Random(17)
MACHINES = [
    levels.Machine("m%d" % n, source.uniform(0, 200), source.uniform(0, 120), source.uniform(84, 108))
    for n in range(36)
]
STATIONS = {
    station: [{"minute": minute, "db": source.gauss(58, 7)} for minute in range(1440)]
    for station in ("gate", "school", "canal", "depot")
}


def noise_map(off):
    running = [machine for machine in MACHINES if machine.name != off]
    rows = []
    for y in range(5, 120, 20):
        rows.append([round(levels.received(running, x, y), 1) for x in range(5, 200, 25)])
    return {"machines": len(running), "rows": rows}


def app(environ, start_response):
    first, _, rest = environ["PATH_INFO"].strip("/").partition("/")
    if first == "map":
        return answer(start_response, "200 OK", noise_map(environ.get("QUERY_STRING", "")))
    if first == "exposure" and rest in STATIONS:
        found = exposure.day_evening_night(STATIONS[rest])
        return answer(start_response, "200 OK", {"station": rest, "lden": round(found, 2)})
    if first == "both":
        station = rest if rest in STATIONS else "gate"
        document = noise_map(environ.get("QUERY_STRING", ""))
        document["lden"] = round(exposure.day_evening_night(STATIONS[station]), 2)
        return answer(start_response, "200 OK", document)
    return answer(start_response, "404 Not Found", {"error": "unknown path"})


def answer(start_response, status, document):
    body = json.dumps(document).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), app, Server, Quiet).serve_forever()
