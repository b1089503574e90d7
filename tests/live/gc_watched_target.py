"""A service that collects when it is told to, and no other time; on any CPython from 3.8 on.

Reads one command a line and answers with "done": "full N", "young N", "fork" (a child that collects three times, 50 ms
apart, and then lives on), "fast SECONDS" (young collections, as many as go).
"""

import ctypes
import gc
import os
import sys
import threading
import time

gc.disable()
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
KEPT = [[index] for index in range(400000)]
gc.collect()


def collect_all(count):
    for _ in range(count):
        gc.collect()  # long
        time.sleep(0.02)


def collect_young(count):
    for _ in range(count):
        gc.collect(0)
        time.sleep(0.01)


def fork():
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
        time.sleep(1.2)
        for _ in range(3):
            gc.collect()
            time.sleep(0.05)
        while True:
            time.sleep(1)


def collect_fast(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        gc.collect(0)
        time.sleep(0.001)


print("ready", flush=True)
for line in sys.stdin:
    command, _, number = line.partition(" ")
    if command == "full":
        thread = threading.Thread(target=collect_all, args=(int(number),))
        thread.start()
        thread.join()
    elif command == "young":
        collect_young(int(number))
    elif command == "fast":
        collect_fast(float(number))
    else:
        fork()
    print("done", flush=True)
