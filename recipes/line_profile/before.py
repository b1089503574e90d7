import sys
import time
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
"""Seconds by line of work: the largest is the line to look at."""


def hottest(rows):
    """Run the work with every line traced, as line profilers do that ask the interpreter to tell them of each."""
    spent.clear()
    last = [0, time.perf_counter()]

    def tell(frame, event, arg):
        now = time.perf_counter()
        spent[last[0]] += now - last[1]
        last[:] = [frame.f_lineno, now]
        return tell

    def begin(frame, event, arg):
        return tell if frame.f_code is work.__code__ else None

    before = sys.gettrace()
    sys.settrace(begin)
    try:
        return work(rows)
    finally:
        sys.settrace(before)
