"""Admission of events from a queue.  Whatever we pull from the queue is acknowledged, so we pull no more than we need."""
from dataclasses import dataclass, field
from itertools import islice, takewhile
import random


@dataclass
class Feed:
    """Stands for the broker's consumer: counts what was taken."""
    events: list
    taken: int = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.taken >= len(self.events):
            raise StopIteration
        self.taken += 1
        return self.events[self.taken - 1]


@dataclass
class Gate:
    limit: int = 100
    seen: dict = field(default_factory=dict)
    misses: int = 0

    def model_score(self, key):
        """Cached; the first look-up of a key costs a miss."""
        if key not in self.seen:
            self.misses += 1
            self.seen[key] = (key * 2654435761 % 1000) / 1000
        return self.seen[key]

    def admit(self, feed, threshold=0.3):
        """Ids of the first `limit` events that pass; the rest stays in the queue."""
        admitted = []
        for event in feed:
            if self.model_score(event["key"]) < threshold:
                continue
            admitted.append(event["id"])
            if len(admitted) == self.limit:
                break
        return admitted

    def any_alarm(self, feed):
        return any(self.model_score(e["key"]) > 0.99 for e in feed)


def head_until(feed, stop_kind):
    """Events in front of the first of the given kind, which is swallowed; then one more is peeked at."""
    head = [e["id"] for e in takewhile(lambda e: e["kind"] != stop_kind, feed)]
    after = next(feed, None)
    return head, after


def sample(events, rate, rng):
    """Errors are always kept, the others by chance; returns a draw afterwards so that shards stay in step."""
    kept = []
    for e in events:
        if e["kind"] == "error" or rng.random() < rate:
            kept.append(e["id"])
    return kept, rng.random()


def reservoir(feed, size, rng):
    pool = list(islice(feed, size))
    for n, e in enumerate(feed, start=size):
        slot = rng.randint(0, n)
        if slot < size: pool[slot] = e
    return [e["id"] for e in pool]


def parse_until_bad(feed, sink):
    """Write the amounts to the sink; a bad one raises, after the good ones before it were written."""
    total = 0
    for e in feed:
        amount = int(e["amount"])
        total += amount
        sink.append(amount)
    return total


def _events(n, seed, bad=None):
    r = random.Random(seed)
    events = [{"id": i, "key": r.randrange(400), "kind": r.choices(["view", "click", "error"], [80, 18, 2])[0],
               "amount": str(r.randrange(1000))} for i in range(n)]
    if bad is not None: events[bad]["amount"] = "12,5"
    return events


CALLS = [
    ("Gate.admit", lambda: (Gate(limit=700), Feed(_events(3000, 1)))),
    ("Gate.admit", lambda: (Gate(limit=5), Feed(_events(500, 2)), 0.9)),
    ("Gate.admit", lambda: (Gate(limit=0), Feed(_events(40, 3)))),
    ("Gate.admit", lambda: (Gate(seen={1: 0.0, 2: 1.0}), Feed([]))),
    ("Gate.any_alarm", lambda: (Gate(), Feed(_events(2000, 4)))),
    ("Gate.any_alarm", lambda: (Gate(seen={k: 0.5 for k in range(400)}), Feed(_events(2000, 5)))),
    ("head_until", lambda: (Feed(_events(3000, 6)), "purchase")),
    ("head_until", lambda: (Feed(_events(500, 7)), "error")),
    ("sample", lambda: (_events(3000, 8), 0.1, random.Random(80))),
    ("sample", lambda: ([], 0.1, random.Random(81))),
    ("reservoir", lambda: (Feed(_events(3000, 9)), 50, random.Random(90))),
    ("reservoir", lambda: (Feed(_events(10, 10)), 50, random.Random(91))),
    ("parse_until_bad", lambda: (Feed(_events(3000, 11)), [])),
    ("parse_until_bad", lambda: (Feed(_events(1500, 12, bad=900)), [1, 2])),
]
