"""Finds hot spots along a pipeline from the fibre's temperature profile."""
import http.server
import json
import os
import sys

import numpy as np

METRES = 20000


class Fibre:
    def __init__(self, name, seed):
        gen = np.random.RandomState(seed)
        profile = 12 + np.cumsum(gen.normal(0, 0.02, METRES))
        for start in gen.randint(0, METRES - 60, 25):
            profile[start:start + gen.randint(5, 50)] += gen.uniform(3, 9)
        self.name = name
        self.profile = profile.astype("float32")
        self.background = float(np.median(self.profile))


FIBRES = {n: Fibre(n, s) for s, n in enumerate(("north", "south", "ring"))}


def hot_spots(profile, background, limit):
    spots = []
    i = 0
    n = len(profile)
    excess = 0.0
    count = 0
    while i < n:
        t = profile[i]
        if t - background > limit:
            excess = excess + (t - background)
            count = count + 1
            if not spots or spots[-1][1] < i - 1:
                spots.append([i, i])
            else:
                spots[-1][1] = i
        i = i + 1
    return spots, float(excess), count


def report(fibre, limit):
    spots, excess, count = hot_spots(fibre.profile, fibre.background, limit)
    return {
        "fibre": fibre.name,
        "background": fibre.background,
        "spots": [{"from": a, "to": b} for a, b in spots[:50]],
        "excess": excess,
        "metres": count,
    }


class Api(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        _, _, rest = self.path.partition("/fibres/")
        name, _, limit = rest.partition("/")
        if name not in FIBRES or not limit.isdigit():
            self.send_error(404, "try /fibres/north/3")
            return
        text = json.dumps(report(FIBRES[name], int(limit)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    try:
        http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Api).serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
