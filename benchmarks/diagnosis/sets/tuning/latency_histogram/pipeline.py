"""Stages of the latency pipeline; each takes and gives an iterator of milliseconds."""
import math

EDGES = [0.5 * 1.3**i for i in range(40)]
LOG_STEP = math.log(1.3)


def valid(samples):
    for value in samples:
        if 0.0 < value < 60000.0:
            yield value


def corrected(samples, overhead):
    for value in samples:
        yield value - overhead if value > overhead else 0.0


def histogram(samples):
    counts = [0] * (len(EDGES) + 1)
    for value in samples:
        if value < 0.5:
            counts[0] += 1
        else:
            counts[min(len(EDGES), 1 + int(math.log(value / 0.5) / LOG_STEP))] += 1
    return counts


def percentile(counts, q):
    rank = q * sum(counts)
    seen = 0
    for i, count in enumerate(counts):
        seen += count
        if seen >= rank:
            return EDGES[min(i, len(EDGES) - 1)]
    return EDGES[-1]
