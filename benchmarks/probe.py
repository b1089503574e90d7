"""What this machine can do at most: memory read row by row in random order, memory read as a stream, and sgemm.

The probe of random rows is what a form's time is compared with. It reads, in the order of the request's ids, one value
of each cache line of each row, and adds them up in six independent sums, one for each line of a 384-byte row: nothing
but memory holds it up (with one sum, the additions would). It and the stream need compiled code, numba, and are None
without it.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from .core import tables, workload

SGEMM_SIZE = 2048
"""Rows and columns of the matrices whose product is the peak."""
NO_NUMBA = "not measured: it needs compiled code (pip install numba)"


class Limits(NamedTuple):
    """What was measured; medians."""

    random_rows_us: dict[int, float] | None
    """For requests of so many rows."""
    random_rows_gb_s: dict[int, float] | None
    stream_gb_s: float | None
    sgemm_gflops: float
    sgemm_threads: int | None
    """That BLAS may use; None where it does not say."""
    blas_core: str | None
    """The kind of CPU that OpenBLAS has chosen its kernels for."""
    row_bytes: int
    table_bytes: int


def compiled() -> bool:
    return importlib.util.find_spec("numba") is not None


@functools.cache
def random_rows() -> Callable[[Any, Any], float]:
    """The probe: a function of rows (members, width) and ids, which must be rows."""
    import numpy as np

    from .core.compiled import njit

    @njit(fastmath={"reassoc"})
    def probe(rows: Any, ids: Any) -> float:
        a = b = c = d = e = f = np.float32(0)
        width = rows.shape[1]
        for row in ids:
            for line in range(0, width - 95, 96):
                a += rows[row, line]
                b += rows[row, line + 16]
                c += rows[row, line + 32]
                d += rows[row, line + 48]
                e += rows[row, line + 64]
                f += rows[row, line + 80]
            for line in range(width // 96 * 96, width, 16):
                a += rows[row, line]
        return float(a + b + c + d + e + f)

    return cast("Callable[[Any, Any], float]", probe)


@functools.cache
def stream() -> Callable[[Any], float]:
    """Reads all of an array, line after line."""
    import numpy as np

    from .core.compiled import njit

    @njit(fastmath={"reassoc", "nsz"})
    def read(values: Any) -> float:
        total = np.float32(0)
        for at in range(len(values)):
            total += values[at]
        return float(total)

    return cast("Callable[[Any], float]", read)


def sgemm_gflops(budget_s: float) -> float:
    """The rate of float32 matrix products of a size at which BLAS is at its best, with as many threads as it takes."""
    import numpy as np

    left = np.random.default_rng(1).standard_normal((SGEMM_SIZE, SGEMM_SIZE), dtype=np.float32)
    out = np.empty_like(left)
    return 2.0 * SGEMM_SIZE**3 / median_us(lambda _: np.matmul(left, left, out=out), [None], budget_s) / 1e3


def median_us(work: Callable[[Any], object], inputs: Sequence[Any], budget_s: float) -> float:
    """The median time of `work` on one input after the other, over and over: two to warm up, at least five counted."""
    times: list[float] = []
    stop_at = time.monotonic() + budget_s
    while len(times) < 7 or time.monotonic() < stop_at:
        item = inputs[len(times) % len(inputs)]
        start = time.perf_counter()
        work(item)
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:]) * 1e6


def blas() -> tuple[str | None, int | None]:
    """The core that numpy's OpenBLAS runs as and the threads that it may use; None of another BLAS."""
    import numpy as np

    np.dot(np.ones(1), np.ones(1))
    maps = Path("/proc/self/maps").read_text().splitlines()
    for path in sorted({line.split()[-1] for line in maps if "openblas" in line}):
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_{}64_", "openblas_{}64_", "scipy_openblas_{}", "openblas_{}"):  # numpy's builds
            core, threads = (getattr(library, name.format(what), None) for what in ("get_corename", "get_num_threads"))
            if core is not None and threads is not None:
                core.restype = ctypes.c_char_p
                return core().decode(), threads()
    return None, None


def measure(table: tables.Table, sizes: Iterable[int], budget_s: float) -> Limits:
    """Everything, each figure for about `budget_s`; what is shown as progress goes to stderr."""
    import numpy as np

    row_bytes = table.rows.nbytes // len(table.rows)
    random_us = stream_gb_s = None
    if compiled():
        probe, read, flat = random_rows(), stream(), table.rows.reshape(-1)
        probe(table.rows, np.zeros(1, dtype=np.int64))
        random_us = {}
        for size in sizes:
            _progress(f"{size} random rows")
            requests = workload.requests(len(table.rows), size, row_bytes=row_bytes)
            random_us[size] = median_us(lambda request: probe(table.rows, request.ids), requests, budget_s)
        _progress("stream")
        stream_gb_s = flat.nbytes / median_us(read, [flat], budget_s) / 1e3
    _progress("sgemm")
    core, threads = blas()
    return Limits(
        random_us,
        random_us and {size: size * row_bytes / us / 1e3 for size, us in random_us.items()},
        stream_gb_s,
        sgemm_gflops(budget_s),
        threads,
        core,
        row_bytes,
        table.rows.nbytes,
    )


def _progress(what: str) -> None:
    print(f"measuring: {what} …", file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    """Measure the limits and print them."""
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks limit", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000, help="rows of the table (default %(default)s)")
    parser.add_argument("--dimensions", type=int, default=64, help="of an embedding (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the time for each figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(argv)
    if os.environ.pop("OPENBLAS_CORETYPE", None):
        os.execv(sys.executable, sys.orig_argv)  # OpenBLAS has read it: only a new program is free of it
    table = tables.shared(options.users, options.dimensions)
    limits = measure(table, workload.SIZES, 0.2 if options.quick else 2.0)
    megabytes = table.rows.nbytes / 1e6
    print(f"{options.users} users, rows of {table.rows.shape[1] * 4} bytes, {megabytes:.0f} MB; medians")
    if limits.random_rows_us is None or limits.random_rows_gb_s is None:
        print(f"random rows, stream: {NO_NUMBA}")
    else:
        for size, took in limits.random_rows_us.items():
            print(f"{size:>6} random rows  {took:8.1f} µs  {limits.random_rows_gb_s[size]:5.1f} GB/s")
        print(f"stream              {limits.stream_gb_s:21.1f} GB/s")
    core = "not OpenBLAS" if limits.blas_core is None else f"{limits.sgemm_threads} threads, core {limits.blas_core}"
    print(f"sgemm {limits.sgemm_gflops:28.0f} GFLOP/s, {core}")
    if options.json:
        options.json.write_text(json.dumps(limits._asdict(), indent=2) + "\n", encoding="utf-8")
    return 0
