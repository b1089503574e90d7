"""The measurement of how long the user waits: what is measured is what is said."""

from __future__ import annotations

import sys

import pytest
from perftools_benchmarks import speed


@pytest.mark.parametrize(("functions", "lines_each", "hot"), [(120, 25, 10), (2, 1500, 2)])
def test_the_source_is_3000_lines_of_loops_and_runs_the_hot_functions(
    functions: int, lines_each: int, hot: int
) -> None:
    text = speed.source(functions=functions, lines_each=lines_each, hot=hot)
    assert 2990 <= len(text.splitlines()) <= 3020
    names: dict[str, object] = {"__name__": "service"}
    exec(compile(text, "service.py", "exec"), names)
    distances = [value for name, value in names.items() if name.startswith("distance_")]
    assert len(distances) == functions
    assert callable(distances[0])
    assert distances[0]([0.5, 0.5], [1.5, 1.5]) == 2.0 * text.count("for i in") / functions
    assert f'startswith("distance_")][:{hot}]' in text


def test_the_median_is_held_against_the_limit_and_the_spread_is_printed() -> None:
    within = speed.Timing("perf audit --help", [0.05, 0.9, 0.06], 0.15)
    assert not within.over
    assert "60 ms (50 to 900, 3 runs)  within 150 ms" in str(within)
    assert speed.Timing("x", [0.2, 0.3, 0.1], 0.15).over


def test_a_program_that_fails_is_no_timing() -> None:
    with pytest.raises(Exception, match="exit status 3"):
        speed._timed([sys.executable, "-c", "raise SystemExit(3)"])
