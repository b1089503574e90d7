"""The scorer with the pairs of each request shared out to processes: what this gains, and what the pipes cost."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from .. import core, prctl
from ..core import check, topk
from .numpy import Numpy


class ProcessPool(core.Scorer):
    """A worker for each CPU that this process may use, each with the table: mapped if it is, else copied once."""

    def __init__(self, table: core.Table) -> None:
        self.members = len(table.rows)
        self.workers = len(os.sched_getaffinity(0))
        self.pool = ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),  # forked threads of BLAS and ours would be a trap
            initializer=_begin,
            initargs=(table, os.getpid()),
        )
        self.score(0, [0] * self.workers)  # all of them run, and with the thread that prepares the form

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_array(user, ids, self.members)
        shards = np.array_split(candidates, self.workers)
        answers = [self.pool.submit(_score, user, shard, k) for shard in shards]
        found = [answer.result() for answer in answers]
        return topk.best(
            np.concatenate([answer_ids for answer_ids, _ in found]), np.concatenate([scores for _, scores in found]), k
        )

    def close(self) -> None:
        self.pool.shutdown()


_scorer: Numpy
"""Of a worker."""


def _begin(table: core.Table, parent: int) -> None:
    global _scorer  # noqa: PLW0603  # how an executor's worker keeps what it was given
    prctl.end_with(parent)
    _scorer = Numpy(table)


def _score(user: int, ids: topk.Ids, k: int) -> core.Answer:
    return _scorer.score(user, ids, k)
