"""Scoring endpoints of the intent classifier (pure-Python weights, exported by the training job)."""
import asyncio
import functools
import math
import random
import time
from heapq import nlargest as best

LABELS = ["billing", "cancel", "shipping", "returns", "login", "upgrade", "bug", "praise", "spam", "other"]
STATS = {"calls": 0, "slow": 0}
SLOW_SECONDS = 5.0


def timed(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        t0 = time.perf_counter()
        try:
            return fn(*args, **kwargs)
        finally:
            STATS["calls"] += 1
            STATS["slow"] += time.perf_counter() - t0 > SLOW_SECONDS
    return wrapper


def softmax(logits):
    m = max(logits)
    exps = [math.exp(x - m) for x in logits]
    return [e / sum(exps) for e in exps]


class LinearModel:
    def __init__(self, weights, bias):
        self.weights = weights      # classes x features
        self.bias = bias

    def logits(self, x):
        return [sum(w * v for w, v in zip(ws, x)) + b for ws, b in zip(self.weights, self.bias)]

    @timed
    def predict_batch(self, batch):
        """Class probabilities, one row for each input row."""
        out = []
        for x in batch:
            out.append(softmax(self.logits(x)))
        return out

    def hidden(self, batch, relu=True):
        out = []
        for x in batch:
            act = self.logits(x)
            for k in range(len(act)):
                if relu and act[k] < 0:
                    act[k] = 0.0
            out.append(act)
        return out


def top_labels(probabilities, k=3, cutoff=0.02):
    """The k likeliest labels of each row."""
    answers = []
    for row in probabilities:
        pairs = list(zip(LABELS, row))
        pairs = [p for p in pairs if p[1] > cutoff]
        answers.append([{"label": l, "p": p} for l, p in best(k, pairs, key=lambda q: q[1])])
    return answers


def log_loss(probabilities, truth):
    total = 0.0
    for i in range(len(truth)):
        p = probabilities[i][LABELS.index(truth[i])]
        p = min(max(p, 1e-15), 1 - 1e-15)
        total -= math.log(p)
    return total / len(truth)


async def handle(model, request):
    await asyncio.sleep(0)
    probabilities = model.predict_batch(request["rows"])
    return {"answers": top_labels(probabilities, request.get("k", 3)), "version": 7}


def handle_sync(model, request):
    return asyncio.run(handle(model, request))


def _rows(n, dim, seed):
    rng = random.Random(seed)
    return [[rng.gauss(0, 1) for _ in range(dim)] for _ in range(n)]


def _model(dim, seed):
    return LinearModel(_rows(len(LABELS), dim, seed), [0.1 * k for k in range(len(LABELS))])


def _probs(n, seed):
    return [softmax(r) for r in _rows(n, len(LABELS), seed)]


CALLS = [
    ("LinearModel.predict_batch", lambda: (_model(24, 1), _rows(400, 24, 2))),
    ("LinearModel.predict_batch", lambda: (_model(24, 3), _rows(1, 24, 4))),
    ("LinearModel.predict_batch", lambda: (_model(24, 3), [])),
    ("LinearModel.hidden", lambda: (_model(24, 5), _rows(600, 24, 6))),
    ("LinearModel.hidden", lambda: (_model(4, 5), _rows(3, 4, 6), False)),
    ("top_labels", lambda: (_probs(2000, 7),)),
    ("top_labels", lambda: ([[0.1] * 10, [0.0] * 10], 4)),
    ("log_loss", lambda: (_probs(3000, 8), [random.Random(9).choice(LABELS)] * 1500 + LABELS * 150)),
    ("log_loss", lambda: (_probs(3, 8), ["spam", "other", "refund"])),
    ("handle_sync", lambda: (_model(16, 10), {"rows": _rows(150, 16, 11), "k": 2})),
]
