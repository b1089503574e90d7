"""One process of the experiment: `work.py PROGRAM BLOCKS CALLS ROUNDS` prints what its rounds took, as JSON.

A call does BLOCKS blocks of the same work, so that 102 of them are 2 % more than 100. With no ROUNDS it makes CALLS
calls and prints nothing: to be counted from outside.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

IMPORTS = {"python": ("argparse", "decimal", "email.message", "http.client"), "numpy": ("numpy",)}


def main(program: str, blocks: int, calls: int, rounds: int) -> None:
    began = time.perf_counter()
    for name in IMPORTS[program]:
        importlib.import_module(name)
    import_s = time.perf_counter() - began
    block = {"python": python_block, "numpy": numpy_block}[program]()
    if not rounds:
        for _ in range(calls * blocks):
            block()
        return
    for _ in range(blocks):
        block()
    cpu_s, wall_s = [], []
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(calls * blocks):
            block()
        cpu_s.append((time.process_time() - cpu) / calls)
        wall_s.append((time.perf_counter() - wall) / calls)
    import resource

    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    json.dump({"cpu_s": cpu_s, "wall_s": wall_s, "import_s": import_s, "peak_bytes": peak_bytes}, sys.stdout)


def python_block():
    """Objects, a dictionary, text and arithmetic: what services in Python do."""
    words = [f"word{number % 17}" for number in range(60)]

    def block() -> int:
        counts: dict[str, int] = {}
        for word in words:
            counts[word] = counts.get(word, 0) + len(word)
        best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return sum(number * number % 7 for _, number in best)

    return block


def numpy_block():
    """Small arrays: products, elementwise functions, a reduction, an index."""
    numpy = importlib.import_module("numpy")
    rows = numpy.linspace(-1, 1, 64 * 20).reshape(64, 20)
    weights = numpy.linspace(-0.5, 0.5, 20)
    kernel = rows[:20] / 8

    def block() -> float:
        hidden = numpy.exp(rows @ kernel)
        return float((hidden @ weights)[numpy.argsort(hidden[:, 0])[:8]].sum())

    return block


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
