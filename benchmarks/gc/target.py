"""A process that makes garbage of every kind and knows its own collections: what the observers are held against.

A program of its own for every CPython from 3.8 on, with nothing but the standard library:

    target.py pauses FOLDER SECONDS SEED [fork]   prints "ready"; at a line on stdin works, and writes FOLDER/PID.json
    target.py cost RATE THREADS                   prints "ready"; at each line on stdin does the same work once more
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import random
import resource
import statistics
import sys
import threading
import time
from collections import deque
from typing import Any

PR_SET_PDEATHSIG, PR_SET_PTRACER = 1, 0x59616D61  # <linux/prctl.h>
SIGKILL = 9

rows: list[list[Any]] = []
"""start_ns, stop_ns, generation, tid, collected, line, function, and waited for a CPU up to the start and the stop."""
_begun: list[Any] = [0, 0, "", 0]
_schedstat: dict[int, int] = {}
_held = ctypes.PyDLL(None)
_buffer = ctypes.create_string_buffer(65)


def note(phase: str, info: dict[str, int]) -> None:
    """Called by the collector while its flag is set: what this takes is of the pause, and the clock is outermost."""
    if phase == "start":
        _begun[0] = time.monotonic_ns()
        executing = sys._getframe(1)
        _begun[1:] = executing.f_lineno, executing.f_code.co_name, waited()
    else:
        start_ns, line, function, waited_ns = _begun
        row = [start_ns, 0, info["generation"], threading.get_native_id(), info["collected"], line, function]
        row += [waited_ns, waited()]
        rows.append(row)
        row[1] = time.monotonic_ns()


def waited() -> int:
    """How long this thread has stood ready without a CPU, ns: Documentation/scheduler/sched-stats.rst of Linux.

    Read with the GIL held, unlike by os.pread: a collection must not be the occasion to hand it over.
    """
    _held.pread(_schedstat[threading.get_native_id()], _buffer, 64, ctypes.c_long(0))
    return int(_buffer.value.split()[1])


def follow_this_thread() -> None:
    """Make `waited` ready."""
    tid = threading.get_native_id()
    _schedstat[tid] = os.open(f"/proc/{os.getpid()}/task/{tid}/schedstat", os.O_RDONLY)


def callbacks_run_while_collecting() -> bool:
    """Whether the flag is set while callbacks run: a collection that is asked for then does nothing."""
    nested: list[str] = []

    def ask(phase: str, _: dict[str, int]) -> None:
        if len(nested) < 2:
            nested.append(phase)
            gc.collect(0)

    gc.callbacks.append(ask)
    gc.collect(0)
    gc.callbacks.remove(ask)
    return nested == ["start", "stop"]


def unseen_by_callbacks_ns() -> int:
    """How much longer a collection takes than from `note` to `note`: median of collections that find nothing to do."""
    extra = []
    for _ in range(300):
        before_ns = time.monotonic_ns()
        gc.collect(0)
        after_ns = time.monotonic_ns()
        start_ns, stop_ns = rows[-1][:2]
        extra.append(after_ns - before_ns - (stop_ns - start_ns))
    return int(statistics.median(extra))


def make_garbage(ends_s: float, seed: int) -> None:
    """Bursts of cycles under all kinds of thresholds, some kept in a rotating cache; now and then a large heap."""
    follow_this_thread()
    choose = random.Random(seed)
    cache: deque[Any] = deque(maxlen=60_000)
    residents = full_collection(30_000)
    while time.monotonic() < ends_s:
        if choose.random() < 0.1:
            residents = full_collection(int(10 ** choose.uniform(4, 6.1)))
        threshold = int(10 ** choose.uniform(3.2, 5.3))
        gc.set_threshold(threshold, choose.choice((2, 5)), 3)
        allocate(6 * threshold, cache, choose.choice((2, 10, 50)))
        time.sleep(choose.uniform(0, 0.03))
    del residents


def full_collection(count: int) -> list[Any]:
    """So many objects that stay, linked without order, all of which a full collection walks through."""
    choose = random.Random(count)
    heap: list[Any] = [[] for _ in range(count)]
    for node in heap[::2]:
        node.append(heap[int(choose.random() * count)])
    gc.collect()
    return heap


def allocate(count: int, cache: deque[Any], kept_one_in: int) -> None:
    for number in range(count):
        node: list[Any] = [number]
        node.append(node)
        if number % kept_one_in == 0:
            cache.append(node)


def pauses(folder: str, seconds: float, seed: int, fork: bool) -> None:
    """Collect for so long; from the middle on a thread, and a child if asked for, that have only then begun."""
    # A callback is a Python function: when it begins, the GIL may go to a thread that waits for it, and the clock is
    # read when it comes back. So that it does not, threads take turns where they sleep.
    sys.setswitchinterval(10)
    if not callbacks_run_while_collecting():
        sys.exit("callbacks run outside of the flagged time on this version: what they see is not the pause")
    follow_this_thread()
    gc.callbacks.append(note)
    unseen_ns = unseen_by_callbacks_ns()
    rows.clear()
    print("ready", flush=True)
    sys.stdin.readline()
    began_s = time.monotonic()
    ends_s = began_s + seconds
    make_garbage(began_s + seconds / 2, seed)
    child = os.fork() if fork else None
    if child == 0:
        rows.clear()
    late = threading.Thread(target=make_garbage, args=(ends_s, seed + 1))
    late.start()
    make_garbage(ends_s, seed + 2)
    late.join()
    gc.callbacks.remove(note)
    truth = {"pauses": rows, "unseen_ns": unseen_ns, "child": child, "began_ns": int(began_s * 1e9)}
    with open(os.path.join(folder, f"{os.getpid()}.json"), "w") as file:
        json.dump(truth, file)
    if child == 0:
        time.sleep(0.5)  # its last collection is not at its very end, as in a service
        os._exit(0)
    if child:
        os.waitpid(child, 0)
    print("done", flush=True)
    sys.stdin.readline()


OBJECTS_A_TURN = 100
WORK_S = 0.3
"""CPU time that the work takes, about."""


def cost(rate: float, count: int) -> None:
    """At each line on stdin the same work, in turns over the threads, with `rate` collections a CPU second."""
    gc.disable()
    turns = 200
    while True:  # how much work is WORK_S?
        used_ns = timed(turns, count)[0]
        if used_ns > WORK_S * 1e9 / 3:
            break
        turns *= 2
    turns = max(count, int(turns * WORK_S * 1e9 / used_ns))
    gc.set_threshold(max(1, int(turns * OBJECTS_A_TURN / (rate * WORK_S))), 10, 10)
    gc.enable()
    timed(turns, count)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(*timed(turns, count), flush=True)


def timed(turns: int, count: int) -> tuple[int, int, int]:
    """CPU nanoseconds, collections and context switches of the whole process while the work is done."""
    collections, switches = collected(), switched()
    start_ns = time.process_time_ns()
    if count == 1:
        for _ in range(turns):
            one_turn()
    else:
        hand_round(turns, count)
    return time.process_time_ns() - start_ns, collected() - collections, switched() - switches


def one_turn() -> None:
    for _ in range(OBJECTS_A_TURN):
        node: list[Any] = []
        node.append(node)


def hand_round(turns: int, count: int) -> None:
    """The threads take turns: each waits for the one before it, so that every turn is a context switch."""
    gates = [threading.Lock() for _ in range(count)]
    for gate in gates:
        gate.acquire()

    def take_turns(number: int) -> None:
        for _ in range(turns // count):
            gates[number].acquire()
            one_turn()
            gates[(number + 1) % count].release()

    threads = [threading.Thread(target=take_turns, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    gates[0].release()
    for thread in threads:
        thread.join()


def collected() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def switched() -> int:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw + usage.ru_nivcsw


def main(kind: str, *arguments: str) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER_ANY
    if kind == "pauses":
        folder, seconds, seed, *fork = arguments
        pauses(folder, float(seconds), int(seed), fork == ["fork"])
    else:
        rate, count = arguments
        cost(float(rate), int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
