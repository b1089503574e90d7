"""The k best of many scores, equal ones by the smaller id."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import Answer
from .models import Array

Ids = NDArray[np.int64]


def best(ids: Ids, scores: Array, k: int) -> Answer:
    """The best of one user: a partition finds the k-th score, and only what reaches it is sorted.

    (`argpartition` would choose by position among candidates that tie at the cut.)
    """
    if len(scores) > k:
        ordered = scores.copy()
        ordered.partition(len(scores) - k)  # the methods: numpy's functions of these names cost microseconds more
        (reach,) = (scores >= ordered[len(scores) - k]).nonzero()
        ids, scores = ids[reach], scores[reach]
    order = np.lexsort((ids, -scores))[:k]
    return Answer(ids[order], scores[order])


STRIPE = 32
"""Scores under one maximum in `best_of_each`."""


def padded(count: int) -> int:
    """Columns that `best_of_each` needs for `count` candidates."""
    return -(-count // STRIPE) * STRIPE


def best_of_each(ids: Ids, scores: Array, k: int) -> tuple[Ids, Array]:
    """The best of every user of a batch: ids and scores, each (users, min(k, candidates)).

    `scores` is (users, padded(len(ids))), contiguous, and what lies behind the candidates is -inf. A row is read
    once, for the maxima of STRIPE scores each. The k-th of the maxima is a score that at least k candidates reach, so
    that nearly all others fall away with their stripe; what is left is sorted.
    """
    users, columns = scores.shape
    k = min(k, len(ids))
    count = columns // STRIPE
    # Stripe j holds the candidates j, j + count, j + 2 * count, …: maxima of whole rows, which vectorise.
    stripes = scores.reshape(users, STRIPE, count)
    maxima = np.maximum.reduce(stripes, axis=1)
    if 0 < k <= count:
        cuts = np.partition(maxima, count - k, axis=1)[:, count - k]
    else:
        cuts = np.full(users, -np.inf, dtype=np.float32)
    user, stripe = np.nonzero(maxima >= cuts[:, None])
    values = stripes[user, :, stripe]
    at, place = np.nonzero(values >= cuts[user][:, None])
    user, position, found = user[at], place * count + stripe[at], values[at, place]
    real = position < len(ids)
    if not real.all():
        user, position, found = user[real], position[real], found[real]
    order = np.lexsort((ids[position], -found, user))
    first = np.searchsorted(user, np.arange(users))  # `user` was in order already
    chosen = order[first[:, None] + np.arange(k)]
    return ids[position[chosen]], found[chosen]
