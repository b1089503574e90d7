"""The compiled parts of the native form (numba). None needs the GIL; each is compiled, or loaded, when first called."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiled import njit

SUM = {"reassoc", "contract", "nsz"}
"""What a sum may be made of: any order, fused multiply-add. Infinities and NaN stay what they are."""
BLOCK = 256
"""Candidates whose scores are held before the best are chosen. A choice in between would stall on memory: the CPU
mispredicts it and drops the loads that it had begun for the next rows."""


@njit()
def best_linear(rows: Any, ids: Any, query: Any, best_ids: Any, best: Any) -> int:
    """The best candidates by `query`, in order; how many, or -1 where an id is not in the table."""
    scores = np.empty(BLOCK, dtype=np.float32)
    found = 0
    for first in range(0, len(ids), BLOCK):
        count = min(BLOCK, len(ids) - first)
        if not dot_products(rows, ids, first, count, query, scores):
            return -1
        found = keep_best(ids, first, count, scores, best_ids, best, found)
    return found


@njit()
def best_mlp(rows: Any, ids: Any, query: Any, dimensions: int, layers: Any, best_ids: Any, best: Any) -> int:
    """The best candidates by an MLP of two hidden layers, weights and biases in turn; else as `best_linear`."""
    w1, b1, w2, b2, w3, b3 = layers
    scores = np.empty(BLOCK, dtype=np.float32)
    values = np.zeros((w1.shape[0], BLOCK), dtype=np.float32)
    hidden1 = np.empty((len(b1), BLOCK), dtype=np.float32)
    hidden2 = np.empty((len(b2), BLOCK), dtype=np.float32)
    found = 0
    for first in range(0, len(ids), BLOCK):
        count = min(BLOCK, len(ids) - first)
        if not dot_products(rows, ids, first, count, query, scores):
            return -1
        for at in range(count):
            row = min(max(ids[first + at], 0), len(rows) - 1)  # it is loaded again, and so made safe again
            values[0, at] = scores[at]
            for feature in range(1, w1.shape[0]):
                values[feature, at] = rows[row, dimensions + feature - 1]
        layer(values, w1, b1, hidden1)
        relu(hidden1)
        layer(hidden1, w2, b2, hidden2)
        relu(hidden2)
        layer(hidden2, w3, b3, scores.reshape(1, BLOCK))
        found = keep_best(ids, first, count, scores, best_ids, best, found)
    return found


@njit(fastmath=SUM)
def dot_products(rows: Any, ids: Any, first: int, count: int, query: Any, out: Any) -> bool:
    """`query` times each row of ids[first : first + count]; False where one of them is not in the table.

    Four rows at a time keep enough loads in flight; the last row stands in for those beyond the end. An id is loaded
    once, checked, and only then read by, so that nobody who writes to the ids meanwhile can lead it astray.
    """
    members, end = np.uint64(len(rows)), first + count - 1
    for at in range(first, first + count, 4):
        i0, i1, i2, i3 = ids[at], ids[min(at + 1, end)], ids[min(at + 2, end)], ids[min(at + 3, end)]
        if max(np.uint64(i0), np.uint64(i1), np.uint64(i2), np.uint64(i3)) >= members:  # negative ones are huge
            return False
        s0 = s1 = s2 = s3 = np.float32(0)
        for column in range(len(query)):
            s0 += rows[i0, column] * query[column]
            s1 += rows[i1, column] * query[column]
            s2 += rows[i2, column] * query[column]
            s3 += rows[i3, column] * query[column]
        to = at - first
        out[to], out[to + 1], out[to + 2], out[to + 3] = s0, s1, s2, s3
    return True


@njit(fastmath=SUM)
def layer(values: Any, weights: Any, biases: Any, out: Any) -> None:
    """A layer before its ReLU, candidates side by side: (inputs, BLOCK) -> (outputs, BLOCK)."""
    for to in range(weights.shape[1]):
        for at in range(BLOCK):
            out[to, at] = biases[to]
        for source in range(weights.shape[0]):
            weight = weights[source, to]
            for at in range(BLOCK):
                out[to, at] += weight * values[source, at]


@njit()
def relu(values: Any) -> None:
    for row in range(values.shape[0]):
        for at in range(BLOCK):
            values[row, at] = max(values[row, at], np.float32(0))


@njit()
def keep_best(ids: Any, first: int, count: int, scores: Any, best_ids: Any, best: Any, found: int) -> int:
    """Insert into the `found` best, which stand in order, what is better than their last; how many there are then."""
    k = len(best)
    for at in range(count):
        score = scores[at]
        if found == k and score < best[k - 1]:
            continue
        candidate = ids[first + at]
        if found == k and score == best[k - 1] and candidate >= best_ids[k - 1]:
            continue
        place = found if found < k else k - 1
        found = min(found + 1, k)
        while place > 0 and (best[place - 1] < score or (best[place - 1] == score and best_ids[place - 1] > candidate)):
            best[place], best_ids[place] = best[place - 1], best_ids[place - 1]
            place -= 1
        best[place], best_ids[place] = score, candidate
    return found
