"""What a GiB of temporaries costs, by their size: the same sums into new arrays and into one that is kept."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SIZES_KIB = (64, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
SECONDS = 0.4
ROUNDS = 3


class Cost(NamedTuple):
    """CPU seconds for a GiB of results."""

    size_kib: int
    new_s: float
    kept_s: float
    chunked_s: float
    """The same steps in chunks that fit the cache, into kept memory."""
    faults_per_mib: float
    """Minor page faults of the new arrays."""

    @property
    def extra_s(self) -> float:
        """What new arrays cost beyond kept ones."""
        return self.new_s - self.kept_s


def measure(size_kib: int) -> Cost:
    """Three steps (subtract, divide, square) over rows of that size, as a standard score does them."""
    count = size_kib * 1024 // 8
    values = np.random.default_rng(7).standard_normal(count)
    kept = [np.empty(count) for _ in range(3)]

    def new() -> None:
        centred = values - 0.1  # each by its name: numpy writes into a nameless operand that nobody else holds
        scaled = centred / 1.7
        np.square(scaled)

    def reused() -> None:
        np.subtract(values, 0.1, out=kept[0])
        np.divide(kept[0], 1.7, out=kept[1])
        np.square(kept[1], out=kept[2])

    def chunked() -> None:
        step = 32 * 1024
        for start in range(0, count, step):
            part = kept[0][start : start + step]
            np.subtract(values[start : start + step], 0.1, out=part)
            np.divide(part, 1.7, out=part)
            np.square(part, out=part)

    timed = [[_per_gib(function, count) for function in (new, reused, chunked)] for _ in range(ROUNDS)]
    best = [min(column) for column in zip(*([pair[0] for pair in row] for row in timed))]
    return Cost(size_kib, best[0], best[1], best[2], timed[-1][0][1])


def _per_gib(function: Callable[[], None], count: int) -> tuple[float, float]:
    """CPU seconds for a GiB, and page faults for a MiB, of three results of `count` doubles."""
    function()
    runs = 0
    faults, cpu_s = resource.getrusage(resource.RUSAGE_SELF).ru_minflt, time.process_time()
    while (used_s := time.process_time() - cpu_s) < SECONDS:
        function()
        runs += 1
    size = runs * 3 * count * 8
    faulted = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    return used_s * 2**30 / size, faulted * 2**20 / size


def table(costs: list[Cost]) -> str:
    """As Markdown."""
    rows = ["| size of each | new arrays, s/GiB | kept arrays, s/GiB | extra | in chunks, s/GiB | faults per MiB |"]
    rows.append("|--:|--:|--:|--:|--:|--:|")
    rows += [
        f"| {each.size_kib} KiB | {each.new_s:.2f} | {each.kept_s:.2f} | {each.extra_s:.2f} | {each.chunked_s:.2f} "
        f"| {each.faults_per_mib:.0f} |"
        for each in costs
    ]
    return "\n".join(rows)
