"""Threads that stand at one place each for good, and one that moves on when it is told to: waits_target.py."""
import ctypes
import queue
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
taken = threading.Lock()
taken.acquire()
ours, theirs = socket.socketpair()


def receive():
    ours.recv(1)


def sleep():
    time.sleep(600)


def lock():
    with taken:
        pass


def take():
    queue.Queue().get()


def compute():
    while True:
        sum(range(1000))


POOL = ThreadPoolExecutor(3)
for each in (receive, sleep, lock, take, *([compute] * int(sys.argv[1]))):
    threading.Thread(target=each, daemon=True).start()
for _ in POOL.map(time.sleep, [0.05] * 3):
    pass
print("ready", flush=True)
for line in sys.stdin:
    time.sleep(float(line))  # where it was sent
