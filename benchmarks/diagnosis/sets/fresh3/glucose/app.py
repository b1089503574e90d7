"""Smooths the readings of glucose sensors and finds episodes: POST /series {"mg": [...]}."""
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOW, HIGH = 70.0, 180.0
SLEW = 4.0


class Tracker:
    """A level and a trend whose gain follows the surprise; jumps are limited, as sensors slip."""

    def __init__(self, first):
        self.level = first
        self.trend = 0.0
        self.gain = 0.5
        self.state = "normal"
        self.since = 0
        self.episodes = []

    def feed(self, minute, value):
        expected = self.level + self.trend
        surprise = value - expected
        if surprise > SLEW:
            surprise = SLEW + (surprise - SLEW) * 0.2
        elif surprise < -SLEW:
            surprise = -SLEW + (surprise + SLEW) * 0.2
        self.gain = min(0.9, max(0.05, 0.92 * self.gain + 0.02 * abs(surprise)))
        self.level = expected + self.gain * surprise
        self.trend = 0.9 * self.trend + 0.1 * self.gain * surprise
        self.switch(minute)
        return self.level

    def switch(self, minute):
        if self.state == "normal":
            after = "low" if self.level < LOW else "high" if self.level > HIGH else "normal"
        elif self.state == "low":
            after = "low" if self.level < LOW + 8 else "normal"
        else:
            after = "high" if self.level > HIGH - 8 else "normal"
        if after != self.state:
            if self.state != "normal":
                self.episodes.append((self.state, self.since, minute))
            self.state, self.since = after, minute


def smooth(readings):
    tracker = Tracker(readings[0])
    levels = []
    for i, value in enumerate(readings):
        levels.append(round(tracker.feed(5 * i, value), 1))
    return levels, tracker.episodes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            readings = json.loads(body)["mg"]
            levels, episodes = smooth(readings)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            return self.answer(400, {"error": repr(error)})
        return self.answer(200, {"levels": levels, "episodes": episodes})

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
