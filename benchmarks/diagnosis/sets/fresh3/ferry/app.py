"""Earliest arrivals between the landings of a ferry network: GET /from/<landing>?at=<minute>"""
import heapq
import json
import os
import pickle
import random
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server


def network(landings=260, seed=31):
    """For each landing the neighbours: (landing, minutes of the crossing, first departure, headway)."""
    source = random.Random(seed)
    lines = {landing: [] for landing in range(landings)}
    for landing in lines:
        for _ in range(4):
            other = (landing + source.randint(1, 30)) % landings
            crossing, first, headway = source.randint(6, 55), source.randint(300, 420), source.choice((15, 20, 30, 60))
            lines[landing].append((other, crossing, first, headway))
            lines[other].append((landing, crossing, first + 7, headway))
    return lines


LINES = network()
ANSWERS = {}


def departure(now, first, headway):
    if now <= first:
        return first
    return first + -(-(now - first) // headway) * headway


def earliest(start, at):
    arrivals = {start: at}
    before = {}
    done = set()
    queue = [(at, start)]
    while queue:
        now, landing = heapq.heappop(queue)
        if landing in done:
            continue
        done.add(landing)
        for other, crossing, first, headway in LINES[landing]:
            if other in done:
                continue
            arrival = departure(now + 3, first, headway) + crossing
            if arrival < arrivals.get(other, 1 << 30):
                arrivals[other] = arrival
                before[other] = landing
                heapq.heappush(queue, (arrival, other))
    return arrivals, before


def way(before, landing):
    steps = [landing]
    while steps[-1] in before:
        steps.append(before[steps[-1]])
    return steps[::-1]


def app(environ, start_response):
    first, _, rest = environ["PATH_INFO"].strip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""))
    try:
        start, at = int(rest), int(query.get("at", ["480"])[0])
        arrivals, before = earliest(start, at)
    except (ValueError, KeyError):
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    far = sorted(arrivals, key=arrivals.get)[-12:]
    document = {"from": start, "farthest": [{"to": to, "at": arrivals[to], "via": way(before, to)} for to in far]}
    ANSWERS[start, at // 10] = pickle.dumps(document)
    if len(ANSWERS) > 500:
        ANSWERS.pop(next(iter(ANSWERS)))
    body = json.dumps(document).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), app, handler_class=Quiet).serve_forever()
