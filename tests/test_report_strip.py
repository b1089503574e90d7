"""The strip of pauses, and the axis under it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.report.strip import HEIGHTS, QUIET, axis, slice_s, strip


def row(*events: tuple[float, float], watched: tuple[float, float] = (0.0, 10.0)) -> str:
    return strip(events, watched, slice_s=1.0, cells=10, highest_s=0.8)


def test_each_cell_is_as_high_as_the_longest_pause_that_began_in_it() -> None:
    assert row((0.5, 0.8), (3.1, 0.1), (3.2, 0.4), (3.9, 0.2), (9.99, 0.001)) == "█··▄·····▁"


def test_what_was_not_watched_is_blank() -> None:
    assert row((5.5, 0.8), watched=(4.5, 8.0)) == "    ·█··  "


def test_a_pause_fills_as_many_cells_as_it_lasts_slices_and_stays_on_the_strip() -> None:
    assert row((2.9, 3.2)) == "··████····"
    assert row((8.0, 99.0)) == "········██"
    assert row((-0.3, 0.8), (17.0, 0.8)) == "█········█"


@pytest.mark.parametrize(
    ("span_s", "cells", "expected"),
    [(20, 60, 0.4), (20, 20, 1), (20, 19, 2), (8, 60, 0.2), (3600, 60, 100), (0.1, 1, 0.1)],
)
def test_slices_are_round_times_that_cover_the_span(span_s: float, cells: int, expected: float) -> None:
    assert slice_s(span_s, cells) == pytest.approx(expected)


def test_the_axis_names_seconds_under_their_cells() -> None:
    line = axis(20, 0.4)
    assert line == "0           5            10           15          20 s"
    assert [line.index(label) * 0.4 for label in ("10", "20")] == pytest.approx([10, 20])
    assert axis(0.5, 0.1) == "0 s"


events = st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(0, 1e9)), max_size=20)


@given(events, st.floats(0.1, 1e9), st.integers(1, 80))
def test_any_pauses_give_one_cell_a_slice(pauses: list[tuple[float, float]], span_s: float, most: int) -> None:
    each = slice_s(span_s, most)
    assert each * most >= span_s * (1 - 1e-6)
    highest = max((length for _, length in pauses), default=0.0)
    drawn = strip(pauses, (0.0, span_s), slice_s=each, cells=most, highest_s=highest)
    assert len(drawn) == most
    assert set(drawn) <= set(HEIGHTS + QUIET + " ")
    assert (HEIGHTS[-1] in drawn) == (highest > 0)
    assert axis(span_s, each).endswith(" s")
