"""Counts and sums by bin: bincount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perftools.rewrite import loops
from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite

if TYPE_CHECKING:
    from perftools.rewrite.place import Place


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """A container of counts or sums, into whose cells each element is added."""
    yield from loops.offers(place, loops.shapes.is_hist, "one bincount", helper="_histogram")


RECIPE = Recipe(
    id="histogram-loop",
    title="Counts by bin: bincount instead of a loop",
    level="guarded",
    rules=("list-hot-path", "gil-bound"),
    function="histogram",
    match=match,
    tip="lists against arrays",
    valid=(
        Example(
            code="""\
def f(values):
    counts = [0] * 10
    for value in values:
        counts[int(value)] += 1
    return counts
""",
            refused="not-faster",
            facts={"values": "list[float]"},
        ),
        Example(
            code="""\
def f(words):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
""",
        ),
        Example(
            code="""\
def f(values, counts):
    for value in values:
        counts[int(value)] += 1
""",
        ),
        Example(
            code="""\
def f(values):
    counts = [0] * 10
    for value in values:
        counts[int(value)] *= 2
    return counts
""",
        ),
        Example(
            code="""\
def f(values):
    last = [0.0] * 10
    for value in values:
        last[int(value)] = value
    return last
""",
        ),
        Example(
            code="""\
def f(values):
    counts = [0] * 10
    for value in values:
        counts[bin_of(value)] += 1
    return counts
""",
        ),
    ),
    invalid=(
        Example(
            code="""\
def by_tenth(values):
    counts = [0] * 10
    for i in range(len(values)):
        counts[int(values[i] * 10)] += 1
    return counts
""",
            becomes='''\
import numpy as np

def _by_tenth_fast(values):
    """The fast path of `by_tenth`; NotImplemented where the original has to run."""
    if not (
        type(values) is np.ndarray
        and values.dtype.char == "d"
        and values.ndim == 1
        and len(values) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            values_2 = values * 10
            if not (np.abs(values_2) < 2.0**62).all():
                raise ValueError("no such int")
            places = values_2.astype(np.int64).astype(np.intp)
            if places.min() < 0 or places.max() >= 10:
                raise ValueError("out of range")
            counts = np.bincount(places, minlength=10).tolist()
    except Exception:
        return NotImplemented
    return counts


def by_tenth(values):
    _fast = _by_tenth_fast(values)
    if _fast is NotImplemented:
        counts = [0] * 10
        for i in range(len(values)):
            counts[int(values[i] * 10)] += 1
    else:
        counts = _fast
    return counts
''',
        ),
        Example(
            code="""\
import numpy as np


def volume(hours, amounts):
    total = np.zeros(24)
    for hour, amount in zip(hours, amounts):
        total[int(hour)] += amount  # of one day
    return total
""",
            becomes='''\
import numpy as np


def _volume_fast(hours, amounts):
    """The fast path of `volume`; NotImplemented where the original has to run."""
    if not (
        type(hours) is np.ndarray
        and hours.dtype.char == "d"
        and hours.ndim == 1
        and type(amounts) is np.ndarray
        and amounts.dtype.char == "d"
        and amounts.ndim == 1
        and len(amounts) == len(hours)
        and len(hours) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            if not (np.abs(hours) < 2.0**62).all():
                raise ValueError("no such int")
            places = hours.astype(np.int64).astype(np.intp)
            if places.min() < 0 or places.max() >= 24:
                raise ValueError("out of range")
            total = np.bincount(places, amounts, minlength=24)
    except Exception:
        return NotImplemented
    return total


def volume(hours, amounts):
    _fast = _volume_fast(hours, amounts)
    if _fast is NotImplemented:
        total = np.zeros(24)
        for hour, amount in zip(hours, amounts):
            total[int(hour)] += amount  # of one day
    else:
        total = _fast
    return total
''',
        ),
        Example(
            code="""\
class Levels:
    def spread(self, sample):
        width = 0.5
        seen = [0] * 64
        for _, value in enumerate(sample):
            place = int(value / width)
            seen[place] = seen[place] + 1
        return seen
""",
            becomes='''\
import numpy as np

def _spread_fast(sample):
    """The fast path of `spread`; NotImplemented where the original has to run."""
    if not (
        type(sample) is np.ndarray
        and sample.dtype.char == "d"
        and sample.ndim == 1
        and len(sample) >= 96
    ):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            values = sample / 0.5
            if not (np.abs(values) < 2.0**62).all():
                raise ValueError("no such int")
            places = values.astype(np.int64).astype(np.intp)
            if places.min() < 0 or places.max() >= 64:
                raise ValueError("out of range")
            seen = np.bincount(places, minlength=64).tolist()
    except Exception:
        return NotImplemented
    return seen


class Levels:
    def spread(self, sample):
        _fast = _spread_fast(sample)
        if _fast is NotImplemented:
            width = 0.5
            seen = [0] * 64
            for _, value in enumerate(sample):
                place = int(value / width)
                seen[place] = seen[place] + 1
        else:
            seen = _fast
        return seen
''',
        ),
    ),
)
