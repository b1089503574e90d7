"""Memory of services that are steady and of some that leak, as readings would show it; sizes in MiB, times in s.

Readings come as the recorder takes them: every 0.1 s, give or take, with a gap of up to 0.4 s every 2 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BASE = 200.0
PAGE = 1 / 256


def times(window_s: float, random: Generator) -> Floats:
    """When a window's readings are taken."""
    found, now, round_end = [], 0.0, 2.0
    while now < window_s:
        found.append(now)
        now += random.uniform(0.07, 0.13)
        if now > round_end:
            now += random.uniform(0.05, 0.4)
            round_end = now + 2.0
    return _array(found)


def readings(shape: Callable[[Floats, Generator], Floats], at: Floats, random: Generator) -> Floats:
    """Bytes, in whole pages."""
    import numpy as np

    size = BASE + shape(at, random) + random.normal(0, 0.02, len(at))
    return np.round(np.maximum(size, 1.0) / PAGE) * 4096


def quiet(at: Floats, random: Generator) -> Floats:  # noqa: ARG001  a shape is called with both
    return 0 * at


def light_bursts(at: Floats, random: Generator) -> Floats:
    """20 requests a second of about 1 MiB for 20 to 300 ms."""
    return _requests(at, random, per_s=20, mib=1, longest_s=0.3)


def heavy_bursts(at: Floats, random: Generator) -> Floats:
    """8 requests a second of about 20 MiB for up to half a second."""
    return _requests(at, random, per_s=8, mib=20, longest_s=0.5)


def crowd(at: Floats, random: Generator) -> Floats:
    """A dozen of 5 MiB in flight at all times."""
    return _requests(at, random, per_s=40, mib=5, longest_s=0.6)


def sawtooth(at: Floats, random: Generator) -> Floats:
    """Garbage in cycles, collected every 0.5 to 8 s."""
    return _sawtooth(at, random, random.uniform(0.5, 8))


def slow_sawtooth(at: Floats, random: Generator) -> Floats:
    """The same, every 10 to 20 s."""
    return _sawtooth(at, random, random.uniform(10, 20))


def rare_sawtooth(at: Floats, random: Generator) -> Floats:
    """The same, every 40 s to 5 min: a window is a part of one tooth."""
    return _sawtooth(at, random, random.uniform(40, 300))


def arenas(at: Floats, random: Generator) -> Floats:
    """An allocator that takes and gives back a few pieces of 1 to 8 MiB, one every 5 s."""
    import numpy as np

    changes = np.sort(random.uniform(0, at[-1], random.poisson(at[-1] / 5)))
    size, level = random.uniform(1, 8), 3
    found = np.zeros(len(at))
    for change in changes:
        level = min(6, max(0, level + random.choice((-1, 1))))
        found[at >= change] = level * size
    return found


def one_step(at: Floats, random: Generator) -> Floats:
    """A table that is loaded once, of 5 to 200 MiB."""
    return random.uniform(5, 200) * (at >= random.uniform(0, at[-1]))


def loading(at: Floats, random: Generator) -> Floats:
    """One that takes up to a third of the window to load."""
    import numpy as np

    start, takes_s = random.uniform(0, at[-1]), random.uniform(0.2, at[-1] / 3)
    return random.uniform(5, 200) * np.clip((at - start) / takes_s, 0, 1)


def reloads(at: Floats, random: Generator) -> Floats:
    """A table of 100 MiB that is there twice for a second while it is replaced, every 5 to 15 s."""
    period_s, phase_s = random.uniform(5, 15), random.uniform(0, 15)
    return 100.0 * ((at + phase_s) % period_s < 1.0) + random.uniform(0, 3) * ((at + phase_s) // period_s % 2)


def filling(at: Floats, random: Generator) -> Floats:
    """A cache whose hits become more and more: its rate falls by e in a tenth to a third of the window."""
    import numpy as np

    fades_s = random.uniform(0.1, 0.33) * at[-1]
    return random.uniform(5, 200) * (1 - np.exp(-(at + random.uniform(0, fades_s)) / fades_s))


def filled(at: Floats, random: Generator) -> Floats:
    """One that grows evenly up to its bound, in a tenth to 7 tenths of the window, and then stays."""
    import numpy as np

    return random.uniform(5, 200) * np.minimum(at / (random.uniform(0.1, 0.7) * at[-1]), 1)


def evicting(at: Floats, random: Generator) -> Floats:
    """A full cache of pieces of all sizes: its size wanders by 1 to 10 MiB around its bound, within 1 to 10 s."""
    return _wandering(at, random, random.uniform(1, 10), random.uniform(1, 10))


def fragmenting(at: Floats, random: Generator) -> Floats:
    """A heap that still settles, ten minutes after the start: by the logarithm of time."""
    import numpy as np

    return random.uniform(1, 10) * np.log(600 + at)


STEADY: Mapping[str, Callable[[Floats, Generator], Floats]] = {
    "quiet": quiet,
    "requests of 1 MiB": light_bursts,
    "requests of 20 MiB": heavy_bursts,
    "twelve requests in flight": crowd,
    "collected every 0.5 to 8 s": sawtooth,
    "collected every 10 to 20 s": slow_sawtooth,
    "allocator's pieces": arenas,
    "loaded at once": one_step,
    "loaded within a third of the window": loading,
    "reloaded every 5 to 15 s": reloads,
    "cache, more and more hits": filling,
    "cache, fills to its bound": filled,
    "cache, evicts": evicting,
    "heap that settles": fragmenting,
}
"""What must not be taken for a leak."""
UNTOLD: Mapping[str, Callable[[Floats, Generator], Floats]] = {"collected every 40 s to 5 min": rare_sawtooth}
"""What looks like one for the whole window."""
UNDER: Mapping[str, Callable[[Floats, Generator], Floats]] = {
    "quiet": quiet,
    "requests of 1 MiB": light_bursts,
    "requests of 20 MiB": heavy_bursts,
    "collected every 0.5 to 8 s": sawtooth,
    "cache, evicts": evicting,
}
"""What a leak may hide under."""


def leaking(mib_per_min: float, under: Callable[[Floats, Generator], Floats]) -> Callable[[Floats, Generator], Floats]:
    """A little of each of 20 requests a second is kept, more of some than of others."""

    def shape(at: Floats, random: Generator) -> Floats:
        import numpy as np

        kept = np.sort(random.uniform(0, at[-1], random.poisson(20 * at[-1])))
        sizes = random.exponential(mib_per_min / 60 / 20, len(kept))
        sums = np.concatenate([[0.0], np.cumsum(sizes)])
        return under(at, random) + sums[np.searchsorted(kept, at)]

    return shape


def _requests(at: Floats, random: Generator, *, per_s: float, mib: float, longest_s: float) -> Floats:
    import numpy as np

    count = random.poisson(per_s * (at[-1] + 1))
    starts = random.uniform(-1, at[-1], count)
    ends, sizes = starts + random.uniform(0.02, longest_s, count), random.exponential(mib, count)
    return ((starts <= at[:, None]) & (at[:, None] < ends)) @ sizes if count else np.zeros(len(at))


def _sawtooth(at: Floats, random: Generator, period_s: float) -> Floats:
    """Each tooth is of another length, and leaves a little of another size."""
    import numpy as np

    ends = np.cumsum(random.uniform(0.8, 1.2, int(at[-1] / period_s / 0.8) + 3) * period_s)
    ends -= random.uniform(0, ends[0])
    tooth = np.searchsorted(ends, at)
    begins = np.concatenate([[ends[0] - period_s], ends])[tooth]
    left = random.uniform(0, 0.5, len(ends) + 1)[tooth]
    return random.uniform(5, 50) * (at - begins) / period_s + left


def _wandering(at: Floats, random: Generator, deviation: float, within_s: float) -> Floats:
    """Ornstein and Uhlenbeck's process, at its mean in the long run."""
    import numpy as np

    found = np.empty(len(at))
    value, before = random.normal(0, deviation), at[0]
    for index, now in enumerate(at):
        kept = np.exp(-(now - before) / within_s)
        value = value * kept + random.normal(0, deviation * np.sqrt(max(1 - kept * kept, 0.0)))
        found[index], before = value, now
    return found


def _array(values: list[float]) -> Floats:
    import numpy as np

    return np.asarray(values, dtype=float)
