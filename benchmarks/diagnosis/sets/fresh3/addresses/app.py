"""Finds the street that a typed address means. Bare ASGI; threads wait for housekeeping that hardly ever comes."""
import json
import queue
import random
import threading
from collections import Counter, defaultdict
from urllib.parse import parse_qs

SYLLABLES = ("lin", "den", "berg", "see", "wald", "hof", "kirch", "stein", "muehl", "rosen", "bach", "feld")
ENDINGS = ("strasse", "weg", "allee", "gasse", "platz", "ufer")


def streets(count=4000, seed=29):
    source = random.Random(seed)
    return sorted({"".join(source.choices(SYLLABLES, k=source.randint(1, 3))) + source.choice(ENDINGS) for _ in range(count)})


def trigrams(word):
    padded = "  " + word + " "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


STREETS = streets()
INDEX = defaultdict(list)
for position, street in enumerate(STREETS):
    for gram in trigrams(street):
        INDEX[gram].append(position)


def distance(left, right, limit):
    """Insertions, deletions and exchanges between two words; limit + 1 if there are more."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = previous[j - 1] + (a != b)
            if previous[j] + 1 < cost:
                cost = previous[j] + 1
            if current[j - 1] + 1 < cost:
                cost = current[j - 1] + 1
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        previous = current
    return previous[-1]


def lookup(typed, count=5):
    votes = Counter()
    for gram in trigrams(typed):
        for position in INDEX.get(gram, ()):
            votes[position] += 1
    near = []
    for position, _ in votes.most_common(14):
        edits = distance(typed, STREETS[position], 9)
        if edits <= 9:
            near.append((edits, STREETS[position]))
    return sorted(near)[:count]


CHORES = queue.Queue()


def housekeeping():
    while True:
        chore = CHORES.get()
        chore()


for _ in range(6):
    threading.Thread(target=housekeeping, daemon=True).start()


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    typed = "".join(query.get("q", ["see"])).lower()
    body = json.dumps([{"street": street, "edits": edits} for edits, street in lookup(typed)]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
