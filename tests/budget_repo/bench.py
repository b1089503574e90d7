"""The same for pyperf."""

from __future__ import annotations

import features
import pyperf

if __name__ == "__main__":
    runner = pyperf.Runner()
    runner.bench_func("score", features.score, [(number, number + 7) for number in range(20)])
