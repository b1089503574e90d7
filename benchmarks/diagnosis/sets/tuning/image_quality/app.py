"""Grades camera thumbnails: sharpness, exposure, dead pixels."""
import json
import os
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import numpy as np

HEIGHT, WIDTH = 96, 128


class Camera:
    """Stands for the store of the last frames."""

    def __init__(self, count, seed=6):
        rng = np.random.default_rng(seed)
        base = rng.integers(20, 220, (count, 1, 1))
        self.frames = np.clip(base + rng.normal(0, 18, (count, HEIGHT, WIDTH)), 0, 255)

    def frame(self, number):
        return self.frames[number % len(self.frames)]


def sharpness(frame):
    rows, cols = frame.shape
    total = 0.0
    for y in range(1, rows - 1):
        for x in range(1, cols - 1):
            v = 4 * frame[y, x] - frame[y - 1, x] - frame[y + 1, x] - frame[y, x - 1] - frame[y, x + 1]
            total += abs(v)
    return total / ((rows - 2) * (cols - 2))


def exposure(frame):
    return float(frame.mean() / 255)


def dead_pixels(frame):
    return int((frame < 3).sum() + (frame > 252).sum())


def grade(frame):
    result = {"sharpness": sharpness(frame), "exposure": exposure(frame), "dead": dead_pixels(frame)}
    result["ok"] = result["sharpness"] < 90 and 0.1 < result["exposure"] < 0.9 and result["dead"] < 50
    return result


camera = Camera(30)


def application(environ, start_response):
    query = parse_qs(environ.get("QUERY_STRING", ""))
    try:
        number = int(query["frame"][0])
    except (KeyError, ValueError):
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"frame is a number\n"]
    body = json.dumps(grade(camera.frame(number))).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


if __name__ == "__main__":
    with make_server("127.0.0.1", int(os.environ["PORT"]), application, handler_class=QuietHandler) as server:
        server.serve_forever()
