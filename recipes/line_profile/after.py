import signal
from collections import Counter


def work(rows):
    """Three lines that a profile should tell apart."""
    totals = []
    for row in rows:
        total = 0.0
        for value in row:
            total += value * value
        totals.append(total)
    return totals


spent = Counter()
"""Samples by line of work: the largest is the line to look at."""


def hottest(rows):
    """Run the work and look 200 times a second of CPU time where it is."""
    spent.clear()

    def look(number, frame):
        while frame is not None and frame.f_code is not work.__code__:
            frame = frame.f_back
        if frame is not None:
            spent[frame.f_lineno] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, 0.005, 0.005)
    try:
        return work(rows)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
