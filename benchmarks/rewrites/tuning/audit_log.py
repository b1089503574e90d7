"""A handler that logs too much."""
import json
import logging
from copy import deepcopy

import numpy as np

log = logging.getLogger(__name__)
logger = logging.getLogger("audit")
DEFAULTS = {"limit": 20, "fields": ["id", "title"], "nested": {"a": [1, 2, 3], "b": {"c": None}}}


def score(rows, user):
    out = []
    for row in rows:
        s = float(np.dot(row, user))
        log.debug(f"score of {row} is {s:.3f}")
        out.append(s)
    return out


def handle(request):
    """The answer to one request."""
    logger.debug("request: " + json.dumps(request, indent=2))
    options = deepcopy(DEFAULTS)
    options.update(request.get("options", {}))
    logger.info("options %s" % options)
    answer = {"limit": options["limit"], "fields": options["fields"]}
    logger.debug("answer {}".format(answer))
    return answer


def traced(values, counter):
    total = 0
    for value in values:
        total += value
        # counting happens in the message: it must stay
        logger.debug(f"{next(counter)}: {value}")
    return total, next(counter)


def warn(values):
    bad = [v for v in values if v < 0]
    if bad:
        logger.warning(f"{len(bad)} negative values: {bad!r}")
    return len(bad)


def copies(items):
    return [deepcopy(item) for item in items]


def report(values, log):
    log(f"values: {values}")  # not a logger: a callable of the caller
    return len(values)


def failing(value):
    try:
        return 1 / value
    except ZeroDivisionError as error:
        logger.exception(f"no inverse of {value}: {error}")
        return None


def _rows(n):
    return np.random.default_rng(4).random((n, 64))


logger.addHandler(logging.NullHandler())
logger.propagate = False

CALLS = [
    ("score", lambda: (_rows(40), _rows(1)[0])),
    ("handle", lambda: ({"user": 3, "options": {"limit": 5}},)),
    ("handle", lambda: ({"user": 3, "payload": list(range(300))},)),
    ("traced", lambda: (list(range(100)), iter(range(10_000)))),
    ("warn", lambda: ([1.0, -2.0, 3.0] * 20,)),
    ("copies", lambda: ([{"id": i, "tags": ["a", "b"]} for i in range(50)],)),
    ("report", lambda: ([1, 2], len)),
    ("failing", lambda: (0,)),
    ("failing", lambda: (4,)),
]
