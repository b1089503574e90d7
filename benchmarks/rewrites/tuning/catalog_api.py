"""Items of a catalogue as JSON, with settings that are rebuilt for each request."""
import copy
import json
import re
from dataclasses import asdict, dataclass

import numpy as np

WEIGHTS = [0.2, 0.1, 0.4, 0.3] * 16
BANNED = ["spam", "scam", "fake"]
OPTIONS = {"currency": "EUR", "sizes": [1, 2, 3]}


@dataclass
class Item:
    id: int
    title: str
    price: float
    features: list


def relevance(features):
    weights = np.array(WEIGHTS)
    return float(np.dot(features, weights))


def relevances(rows):
    return [relevance(row) for row in rows]


def adjusted(features):
    # this one writes into its array: it has to be new
    weights = np.array(WEIGHTS)
    weights[0] = features[0]
    return weights


def clean(titles):
    banned = set(BANNED)
    rule = re.compile(r"[^\w ]", re.ASCII)
    out = []
    for title in titles:
        words = [w for w in rule.sub("", title).split() if w not in banned]
        out.append(" ".join(words))
    return out


def payload(items):
    return json.dumps([asdict(item) for item in items])


def parse(lines):
    found = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if "id" in record:
            found.append(record)
    return found


def with_options(request):
    options = copy.deepcopy(OPTIONS)
    options.update(request)
    return options


def clone(value):
    return json.loads(json.dumps(value))


def prices(items, rate):
    return {item.id: round(item.price * rate, 2) for item in items}


def total(items):
    t = 0.0
    for item in items:
        t += item.price
    return t


def _items(n):
    return [Item(i, f"title {i}", i * 1.1, [i * 0.5, 1.0]) for i in range(n)]


def _row(seed=1):
    return np.random.default_rng(seed).random(64)


CALLS = [
    ("relevance", lambda: (_row(),)),
    ("relevances", lambda: (np.random.default_rng(3).random((100, 64)),)),
    ("adjusted", lambda: (_row(),)),
    ("clean", lambda: (["buy! this fake watch", "a fair price"] * 40,)),
    ("payload", lambda: (_items(100),)),
    ("parse", lambda: (['{"id": 1}', "{", '{"a": 2}'] * 50,)),
    ("with_options", lambda: ({"currency": "USD"},)),
    ("clone", lambda: ({"a": [1, 2, {"b": None}]},)),
    ("prices", lambda: (_items(200), 1.19)),
    ("total", lambda: (_items(500),)),
]
