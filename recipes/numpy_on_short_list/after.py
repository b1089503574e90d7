import numpy as np


def _mean(latencies):
    """`float(np.mean(latencies))`, by a faster way where that gives the same."""
    if type(latencies) is list and len(latencies) <= 96 and set(map(type, latencies)) == {float}:
        total = sum(latencies)
        result = total / len(latencies)
        if total - total == 0.0:
            return result
    return float(np.mean(latencies))


def average(latencies):
    return _mean(latencies)
