"""Threads that compute, multiply matrices, or wait in every way but for the GIL: sched_target.py KIND THREADS."""
import ctypes
import queue
import sys
import threading
import time

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
taken = threading.Lock()
taken.acquire()
empty = queue.Queue()


def compute():
    while True:
        sum(range(1000))


def sleep():
    while True:
        time.sleep(0.2)


def lock():
    while True:
        taken.acquire(timeout=0.2)


def get():
    empty.get()


def multiply():
    import numpy

    matrix = numpy.ones((400, 400))
    matrix @ matrix
    print("ready", flush=True)
    while True:
        matrix @ matrix


KINDS = {"compute": [compute], "multiply": [multiply], "wait": [sleep, lock, get]}
kind, threads = sys.argv[1], int(sys.argv[2])
for number in range(threads):
    functions = KINDS[kind]
    threading.Thread(target=functions[number % len(functions)], daemon=True).start()
if kind != "multiply":
    print("ready", flush=True)
time.sleep(600)
