"""Estimated groundwater level at a point or along a line, from the observation wells of a district."""
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from district import load_district

DISTRICT = load_district("north", wells=1100)


class BadRequest(Exception):
    pass


def number(query, name, default=None):
    raw = query.get(name, default)
    if raw is None:
        raise BadRequest("missing %s" % name)
    try:
        return float(raw)
    except ValueError:
        raise BadRequest("%s is not a number" % name) from None


def point(query):
    x, y = number(query, "x"), number(query, "y")
    level = DISTRICT.level_at(x, y)
    return {"x": x, "y": y, "level_m": round(level, 3), "alert": DISTRICT.alert_for(level)}


def profile(query):
    x0, y0 = number(query, "x"), number(query, "y")
    heading = query.get("heading", "east")
    step = number(query, "step", "50")
    dx, dy = {"east": (step, 0.0), "north": (0.0, step), "northeast": (step * 0.7071, step * 0.7071)}[heading]
    stations = []
    for n in range(6):
        x, y = x0 + n * dx, y0 + n * dy
        level = DISTRICT.level_at(x, y)
        stations.append({"station": "P%02d" % n, "x": x, "y": y, "level_m": round(level, 3)})
    return {"heading": heading, "stations": stations}


ROUTES = {"/level": point, "/profile": profile}


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        parts = urlsplit(self.path)
        view = ROUTES.get(parts.path)
        if view is None:
            return self._send(404, {"error": "no such resource"})
        try:
            self._send(200, view(dict(parse_qsl(parts.query))))
        except (BadRequest, KeyError) as exc:
            self._send(400, {"error": str(exc)})

    def _send(self, status, payload):
        data = json.dumps(payload, sort_keys=True).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, fmt, *args):
        return


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Api)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
