"""Collects what workers send into batches."""
import itertools as it

import numpy as np
from numpy import append as grow


def flattened(parts):
    return sum(parts, [])


def flat_loop(parts):
    out = []
    for part in parts:
        out = out + part
    return out


def flat_words(parts):
    return sum((p.split() for p in parts), [])


def lengths(parts):
    sizes = np.array([])
    for part in parts:
        sizes = np.append(sizes, len(part))
    return sizes


def stacked(rows):
    # one row after the other
    out = np.empty((0, 4))
    for row in rows:
        out = np.vstack([out, row])
    return out


def energies(signals):
    found = np.array([])
    for s in signals:
        e = float((s * s).sum())
        if e < 0.1:
            continue
        found = grow(found, e)
    return found


def until_full(values, limit):
    kept = np.array([])
    for v in values:
        kept = np.append(kept, v)
        if kept.sum() > limit:  # reads what was collected
            break
    return kept


def drained(queue, n):
    out = []
    while queue and len(out) < n:
        out.append(queue.pop(0))
    return out


def joined(words):
    text = ""
    for word in words:
        text += word + ","
    return text


def pairs(ids):
    return list(it.chain.from_iterable([(a, b) for b in ids] for a in ids))


class Batch:
    def __init__(self):
        self.values = np.array([])
        self.total = 0

    def add_all(self, values):
        """Adds to the batch; the array is another one afterwards."""
        for value in values:
            self.values = np.append(self.values, value)
            self.total += 1
        return self.total


def _parts(n):
    return [list(range(i, i + 5)) for i in range(n)]


CALLS = [
    ("flattened", lambda: (_parts(400),)),
    ("flattened", lambda: ([],)),
    ("flat_loop", lambda: (_parts(300),)),
    ("flat_words", lambda: (["a b c", "d e"] * 100,)),
    ("lengths", lambda: (_parts(500),)),
    ("lengths", lambda: ([],)),
    ("stacked", lambda: (np.random.default_rng(1).random((200, 4)),)),
    ("energies", lambda: (list(np.random.default_rng(2).random((200, 8)) / 4),)),
    ("until_full", lambda: ([0.5] * 300, 60.0)),
    ("drained", lambda: (list(range(500)), 400)),
    ("joined", lambda: (["ab", "c"] * 300,)),
    ("pairs", lambda: (list(range(40)),)),
    ("Batch.add_all", lambda: (Batch(), [1.5] * 300)),
]
