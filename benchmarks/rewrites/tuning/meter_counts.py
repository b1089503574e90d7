"""Meter readings in narrow types: integers that wrap, integers that do not fit, booleans."""
import numpy as np

MASK = 0xFFFF


def total(readings):
    n = 0
    for r in readings:
        n += r
    return n


def doubled(readings):
    return [r * 2 for r in readings]


def energy(volts, amps):
    s = 0
    for v, a in zip(volts, amps):
        s += v * a
    return s


def checksum(values):
    c = 0
    for v in values:
        c = (c * 31 + v) & MASK
    return c


def halves(values):
    return [v // 2 for v in values]


def ratios(values, divisor):
    # divisor may be zero: the caller catches it
    return [v / divisor for v in values]


def on_count(states):
    count = 0
    for s in states:
        if s:
            count += 1
    return count


def all_on(states):
    for s in states:
        if not s:
            return False
    return True


def squares(values):
    out = np.zeros(len(values), dtype=np.int32)
    for i in range(len(values)):
        out[i] = values[i] * values[i]
    return out


def differences(values):
    """Of unsigned values: they wrap."""
    return [values[i] - values[i - 1] for i in range(1, len(values))]


def running(values):
    total, out = 0, []
    for v in values:
        total += v
        out.append(total)
    return out


def largest(values):
    best = values[0]
    for v in values[1:]:
        if v > best:
            best = v
    return best


def rounded(values, digits=1):
    return [round(v, digits) for v in values]


def powers(values):
    return [v ** 3 for v in values]


def _ints(n, kind=np.int64, high=200):
    return np.random.default_rng(6).integers(0, high, n).astype(kind)


CALLS = [
    ("total", lambda: (_ints(2000, np.uint8),)),
    ("total", lambda: (_ints(2000, np.int64),)),
    ("total", lambda: ([2**62] * 500,)),
    ("doubled", lambda: (_ints(2000, np.uint8),)),
    ("doubled", lambda: (_ints(2000, np.int64),)),
    ("energy", lambda: (_ints(2000), _ints(2000))),
    ("energy", lambda: (_ints(2000) + 2**40, _ints(2000) + 2**40)),
    ("energy", lambda: ([2**40] * 500, [2**41] * 500)),
    ("checksum", lambda: (_ints(1000).tolist(),)),
    ("halves", lambda: (_ints(1000),)),
    ("ratios", lambda: (_ints(1000), 3)),
    ("ratios", lambda: (_ints(1000), 0)),
    ("on_count", lambda: (_ints(2000) > 100,)),
    ("all_on", lambda: (_ints(2000) > 100,)),
    ("squares", lambda: (_ints(1000, np.int64, 100_000),)),
    ("differences", lambda: (_ints(1000, np.uint8),)),
    ("differences", lambda: (_ints(1000, np.int64),)),
    ("running", lambda: (_ints(2000),)),
    ("running", lambda: ([10**18] * 300,)),
    ("largest", lambda: (_ints(2000),)),
    ("rounded", lambda: (_ints(1000) / 7,)),
    ("powers", lambda: (_ints(1000, np.int64, 3_000_000),)),
]
