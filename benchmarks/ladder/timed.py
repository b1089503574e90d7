"""One process of the ladder: a form is prepared, checked and timed, and beside each of its values the machine's limit.

    python -m perftools_benchmarks.ladder.timed TASK FILE

TASK is a Task as JSON, FILE receives a pyperf suite. The form's value and the limit's are taken in turns within a
fraction of a second, so that what other programs do to this machine happens to both.
"""

from __future__ import annotations

import itertools
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyperf  # type: ignore[import-untyped]  # ships no types

from .. import core, prctl, probe
from ..core import models, tables, topk, workload
from ..forms.batch import Batch
from . import cpu, plan

Work = Callable[[Any], object]


class Subject(NamedTuple):
    """What is timed, on one input after the other."""

    name: str
    work: Work
    inputs: Sequence[Any]
    limit: Work | None
    """What it is held against, on the same inputs."""
    limit_scale: float = 1.0
    """Of the limit's work, how much makes one of `work`."""


def main(argv: Sequence[str]) -> None:
    task = plan.Task(**json.loads(argv[0]))
    prctl.end_with(task.parent)
    table = tables.shared(task.users, head=task.head)
    if task.form == plan.BATCH:
        subjects = batch_subjects(table, task.sizes)
        suite = [benchmark for subject in subjects for benchmark in measure(subject, task)]
    else:
        with {**core.forms(), **core.peers()}[task.form].prepare(table) as scorer:
            subjects = form_subjects(table, task, scorer)
            suite = [benchmark for subject in subjects for benchmark in measure(subject, task)]
    pyperf.BenchmarkSuite(suite).dump(argv[1], replace=True)


def form_subjects(table: tables.Table, task: plan.Task, scorer: core.Scorer) -> Iterator[Subject]:
    """The form on requests of each size; its limit is the probe of random rows."""
    rows = table.rows
    read = probe.random_rows() if probe.compiled() else None

    def score_list(request: workload.Request) -> object:
        return scorer.score(request.user, request.numbers)

    def score_array(request: workload.Request) -> object:
        return scorer.score(request.user, request.ids)

    def limit(request: workload.Request) -> object:
        assert read is not None
        return read(rows, request.ids)

    for size in task.sizes:
        requests = workload.requests(len(rows), size, row_bytes=rows.nbytes // len(rows))
        check(table, requests[0], scorer)
        work = score_list if task.form in plan.LOOPS else score_array
        yield Subject(plan.benchmark(task.head, size), work, requests, None if read is None else limit)


def batch_subjects(table: tables.Table, sizes: Sequence[int]) -> Iterator[Subject]:
    """A batch, and its two parts alone; the limit is a matrix product of the same number of operations."""
    batch, random = Batch(table), np.random.default_rng(1)
    left = random.standard_normal((probe.SGEMM_SIZE, probe.SGEMM_SIZE), dtype=np.float32)
    result = np.empty_like(left)

    def limit(_: object) -> object:
        return np.matmul(left, left, out=result)

    for size in sizes:
        peers = batch.peers(random.choice(len(table.rows), size=size, replace=False))
        users = [random.integers(len(table.rows), size=plan.BATCH_USERS) for _ in range(64)]
        scores = np.full((plan.BATCH_USERS, topk.padded(size)), -np.inf, dtype=np.float32)
        scale = plan.BATCH_USERS * size * batch.used / probe.SGEMM_SIZE**3

        def product(users: topk.Ids, peers: Any = peers, out: models.Array = scores[:, :size]) -> None:
            batch.product(users, peers, out=out)

        def choice(_: object, ids: topk.Ids = peers.ids, scores: models.Array = scores) -> object:
            return topk.best_of_each(ids, scores, core.TOP)

        def whole(users: topk.Ids, peers: Any = peers) -> object:
            return batch.score_all(users.tolist(), peers)

        name = plan.benchmark("linear", size)
        for part, work in (("", whole), (plan.PRODUCT, product), (plan.TOP_K, choice)):
            yield Subject(name + part, work, users, limit, scale)


def measure(subject: Subject, task: plan.Task) -> Iterator[Any]:
    """The subject's benchmark and its limit's: as many values, taken in turns."""
    works = {subject.name: (subject.work, 1.0)}
    if subject.limit is not None:
        works[plan.LIMIT + subject.name] = (subject.limit, subject.limit_scale)
    inputs = {name: itertools.cycle(subject.inputs) for name in works}
    loops = {name: _loops(work, inputs[name], task.value_s) for name, (work, _) in works.items()}
    values: dict[str, list[float]] = {name: [] for name in works}
    cpu_us: list[float] = []
    for number in range(1 + task.values):
        for name, (work, scale) in works.items():
            some = list(itertools.islice(inputs[name], loops[name]))
            cpu_start, start = cpu.spent_s(), time.perf_counter()
            for each in some:
                work(each)
            took, cpu_s = time.perf_counter() - start, cpu.spent_s() - cpu_start
            if number > 0:  # the first warms up
                values[name].append(took / loops[name] * scale)
                if name == subject.name:
                    cpu_us.append(cpu_s / loops[name] * 1e6)
    for name, of_work in values.items():
        metadata = {"name": name, "loops": loops[name], "unit": "second"}
        if name == subject.name:
            metadata |= {"cpu_us": statistics.median(cpu_us)}
        yield pyperf.Benchmark([pyperf.Run(of_work, metadata=metadata)])


def _loops(work: Work, inputs: Iterator[Any], value_s: float) -> int:
    """How many requests take `value_s`: from the second one's time."""
    work(next(inputs))
    start = time.perf_counter()
    work(next(inputs))
    return min(1 << 20, math.ceil(value_s / max(time.perf_counter() - start, 1e-7)))


def check(table: tables.Table, request: workload.Request, scorer: core.Scorer) -> None:
    """Raises AssertionError unless the form's scores are right: no wrong form is timed."""
    rows = table.rows[request.ids].astype(np.float64)
    match = rows[:, : table.dimensions] @ table.rows[request.user, : table.dimensions].astype(np.float64)
    features = rows[:, table.dimensions : table.dimensions + table.feature_count]
    if isinstance(table.head, models.Linear):
        exact = match + features @ table.head.weights
    else:
        values = np.column_stack([match, features])
        for layer in table.head.layers:
            values = values @ layer.weights + layer.biases
            values = values if layer is table.head.layers[-1] else np.maximum(values, 0)
        exact = values[:, 0]
    found = [score for _, score in scorer.score(request.user, request.ids).pairs()]
    assert np.allclose(found, np.sort(exact)[::-1][: core.TOP], rtol=0, atol=core.TOLERANCE), "the scores are wrong"


if __name__ == "__main__":
    main(sys.argv[1:])
