"""Collects garbage in many ways and says when, by gc.callbacks: on any CPython from 3.8 on; run by test_watchpoint_live.

Arguments: seconds; collections a second (0: as allocation makes them); how many long-lived objects. Prints "ready", waits
for a line, then runs; at the end one line for each collection: start and stop in CLOCK_MONOTONIC nanoseconds, thread id,
generation.
"""

import ctypes
import gc
import sys
import threading
import time

SECONDS, RATE, OBJECTS = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
seen = []
started = [0]


def note(phase, info):
    now = time.monotonic_ns()
    if phase == "start":
        started[0] = now
    else:
        seen.append((started[0], now, threading.get_native_id(), info["generation"]))


class Noisy:
    """A cycle whose finalizer allocates, asks for a collection, and lets other threads run."""

    def __init__(self):
        self.me = self

    def __del__(self):
        junk = [[] for _ in range(2000)]
        gc.collect(0)
        time.sleep(0.001)
        del junk


def churn(seconds):
    """Collections by allocation, explicit ones of each generation, and finalizers that collect within them."""
    end = time.monotonic() + seconds
    kept = []
    turn = 0
    while time.monotonic() < end:
        turn += 1
        kept = [[[]] for _ in range(3000)]
        if turn % 20 == 0:
            Noisy()
        if turn % 50 == 0:
            gc.collect(turn // 50 % 3)
        time.sleep(0.002)
    return kept


def paced(seconds, rate):
    """Explicit collections of the youngest generation, at a steady rate."""
    count = int(seconds * rate)
    begin = time.monotonic()
    for number in range(count):
        gc.collect(0)
        ahead = begin + number / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


def main():
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
    kept = [[index] for index in range(OBJECTS)]
    print("ready", flush=True)
    sys.stdin.readline()
    gc.callbacks.append(note)
    if RATE:
        paced(SECONDS, RATE)
    else:
        early = threading.Thread(target=churn, args=(SECONDS,))
        early.start()
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends - 0.3:  # threads that are born and die in the window
            late = threading.Thread(target=churn, args=(0.2,))
            late.start()
            late.join()
        early.join()
    gc.callbacks.remove(note)
    sys.stdout.write("".join("%d %d %d %d\n" % one for one in seen) + "end\n")
    sys.stdout.flush()
    sys.stdin.readline()
    return kept


main()
