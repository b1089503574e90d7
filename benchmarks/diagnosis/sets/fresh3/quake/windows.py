"""Ratio of the short to the long mean of a recording's power."""
import functools

import numpy as np


@functools.lru_cache(maxsize=8)
def recording(seed, channels, length):
    source = np.random.default_rng(seed)
    return source.normal(size=(channels, length)).astype(np.float32)


def tremors(samples, gains, rate_hz, chunk=20000):
    """Times (s) at which the short mean rises well over the long one."""
    times = []
    long_mean = 0.0
    for channel in samples:
        for begin in range(0, len(channel), chunk):
            part = channel[begin : begin + chunk] * gains[(begin // chunk) % len(gains)]
            power = np.square(part - part.mean())
            short = power[: len(power) // 100 * 100].reshape(-1, 100).mean(axis=1)
            long_mean = 0.9 * long_mean + 0.1 * float(short.mean()) if long_mean else float(short.mean())
            over = np.flatnonzero(short > 1.7 * long_mean)
            if over.size:
                times.append((begin + 100 * int(over[0])) / rate_hz)
    return times
