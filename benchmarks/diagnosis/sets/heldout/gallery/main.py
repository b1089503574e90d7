"""Photo gallery: similarity lists are computed once at start, requests only serve them."""
import contextlib
import json
import math
import random

COUNT, WIDTH = 700, 24


def colours(rng):
    return [[rng.random() for _ in range(WIDTH)] for _ in range(COUNT)]


def neighbours(pictures):
    lengths = [math.sqrt(sum(x * x for x in p)) for p in pictures]
    table = []
    for i, p in enumerate(pictures):
        row = []
        for j, q in enumerate(pictures):
            if i != j:
                row.append((sum(a * b for a, b in zip(p, q)) / (lengths[i] * lengths[j]), j))
        row.sort(reverse=True)
        table.append([j for _, j in row[:60]])
    return table


class Gallery:
    def __init__(self):
        self.near = []
        self.captions = {}

    def open(self):
        rng = random.Random(35)
        self.near = neighbours(colours(rng))
        for n in range(COUNT):
            self.captions[n] = {
                "title": f"picture {n}", "tags": sorted({rng.choice(["sea", "city", "hill", "snow"]) for _ in range(3)}),
                "camera": {"model": f"m{n % 9}", "iso": 100 * 2 ** (n % 5)}, "text": "lorem ipsum " * (n % 7),
            }

    def page(self, n):
        cards = [dict(self.captions[m], id=m) for m in self.near[n]]
        by_tag = {}
        for card in cards:
            for tag in card["tags"]:
                by_tag.setdefault(tag, []).append(card["title"])
        return {"id": n, **self.captions[n], "near": cards, "by_tag": {t: ", ".join(v) for t, v in by_tag.items()}}


gallery = Gallery()


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            if event == "lifespan.startup":
                gallery.open()
            await send({"type": event + ".complete"})
            if event == "lifespan.shutdown":
                return
    status, document = 404, {"error": "no such picture"}
    with contextlib.suppress(ValueError, IndexError):
        status, document = 200, gallery.page(int(scope["path"].strip("/")))
    body = json.dumps(document, indent=2).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
