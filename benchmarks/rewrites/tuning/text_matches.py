"""Fuzzy matches of short texts."""
from collections import Counter
import re

STOP = ["the", "a", "an", "of", "and", "or", "to", "in", "on", "for", "with", "is", "was", "it", "this", "that"]


def tokens(text):
    """A generator: it is read once."""
    for word in re.findall(r"\w+", text.lower()):
        if word not in STOP:
            yield word


def edit_distance(a, b):
    previous = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        current = [i]
        for j, cb in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (ca != cb)))
        previous = current
    return previous[-1]


def overlap(left, right):
    shared = 0
    for word in left:
        if word in right:
            shared += 1
    return shared / max(len(left), 1)


def counts(text):
    found = {}
    for word in tokens(text):
        found[word] = found.get(word, 0) + 1
    return found


def common(texts, n):
    counter = Counter()
    for text in texts:
        counter.update(tokens(text))
    return counter.most_common(n)


def dot(left, right):
    # both are dicts of counts
    return sum(left[w] * right[w] for w in left if w in right)


def first_match(words, wanted):
    return next((i for i, w in enumerate(words) if w == wanted), None)


def longest(words):
    best = ""
    for w in words:
        if len(w) > len(best):
            best = w
    return best


def scored(words, weights):
    """`words` may be a generator: what is left of it belongs to the caller."""
    total = 0.0
    for word, weight in zip(words, weights):
        total += len(word) * weight
    return total


def normalise(texts):
    out = []
    for t in texts:
        pattern = re.compile("[^a-z ]+")
        t = pattern.sub("", t.lower())
        t = t.strip()
        out.append(t)
    return out


_TEXT = "The quick brown fox jumps over the lazy dog and runs to the river for a drink of water. "

CALLS = [
    ("edit_distance", lambda: ("recommendation" * 4, "recommender" * 4)),
    ("overlap", lambda: ((_TEXT * 6).split(), (_TEXT * 4).lower().split())),
    ("overlap", lambda: (_TEXT.split(), _TEXT)),
    ("counts", lambda: (_TEXT * 20,)),
    ("common", lambda: ([_TEXT] * 20, 3)),
    ("dot", lambda: ({f"w{i}": i for i in range(300)}, {f"w{i}": 2 * i for i in range(0, 600, 2)})),
    ("first_match", lambda: ([str(i) for i in range(2000)], "1700")),
    ("longest", lambda: ((_TEXT * 20).split(),)),
    ("scored", lambda: (iter((_TEXT * 20).split()), [0.5] * 100)),
    ("scored", lambda: ((_TEXT * 20).split(), [0.5] * 100)),
    ("normalise", lambda: ([_TEXT] * 50,)),
]
