"""Hot loops over known containers, one thread each, on any CPython from 3.8 on; run by test_values_live.py.

Each function's name is a key of what that test expects to see.
"""

# ruff: noqa: B006, B007, B008, B905, PYI024, T201 (a plain program for 3.8 as well; its data are bound where they are used)

import array
import collections
import ctypes
import sys
import threading

FLOATS = [float(i) for i in range(1000)]
TABLE = [[float(i + j) for j in range(64)] for i in range(500)]


def allow_any_tracer():
    """PR_SET_PTRACER, PR_SET_PTRACER_ANY: the test may run as an ordinary user under Yama."""
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)


class Plain:
    def __init__(self):
        self.x = 1.5
        self.name = "a"
        self.rows = [[float(j) for j in range(32)] for _ in range(300)]
        self.weights = array.array("d", FLOATS)

    def method(self):
        total = 0.0
        for row in self.rows:
            for x in row:
                total += x
        return total


class Slots:
    __slots__ = ("x", "y")

    def __init__(self):
        self.x, self.y = 1.5, 2


class Rows(list):
    pass


Pair = collections.namedtuple("Pair", "key score")


def list_of_floats(values=FLOATS):
    total = 0.0
    for value in values:
        total += value * 2.0
    return total


def global_table():
    total = 0.0
    for row in TABLE:
        for value in row:
            total += value
    return total


def dict_of_floats(scores={i: float(i) for i in range(200)}):
    total = 0.0
    for key, score in scores.items():
        total += score * key
    return total


def dict_records(records=[{"id": str(i), "price": 1.5, "n": i, "tags": ["a"]} for i in range(400)]):
    total = 0.0
    for record in records:
        total += record["price"] * record["n"]
    return total


def plain_objects(objects=[Plain() for _ in range(50)]):
    total = 0.0
    for item in objects:
        total += item.x
    return total


def slot_objects(objects=[Slots() for _ in range(300)]):
    total = 0.0
    for item in objects:
        total += item.x * item.y
    return total


def mixed_tuples(pairs=[(str(i), float(i)) for i in range(256)]):
    total = 0.0
    for _, value in pairs:
        total += value
    return total


def named_tuples(pairs=[Pair(i, float(i)) for i in range(256)]):
    total = 0.0
    for pair in pairs:
        total += pair.score
    return total


def typed_array(values=array.array("d", FLOATS)):
    total = 0.0
    for value in values:
        total += value
    return total


def deque_and_set(queue=collections.deque(FLOATS), names={str(i) for i in range(90)}):
    total = 0.0
    for value in queue:
        total += value
    for name in names:
        total += len(name)
    return total


def list_subclass(values=Rows(FLOATS)):
    total = 0.0
    for value in values:
        total += value
    return total


def zipped(left=FLOATS, right=tuple(range(1000))):
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


def enumerated(values=FLOATS):
    total = 0.0
    for i, value in enumerate(values):
        total += i * value
    return total


def counted(values=FLOATS):
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    return total


def comprehension(values=FLOATS):
    return [value * 2.0 + 1.0 for value in values]


def generated(values=FLOATS):
    return sum(value * value for value in values)


def closure(weights=FLOATS):
    def score(i):
        total = 0.0
        for weight in weights:
            total += weight * i
        return total

    return max(range(5), key=lambda i: score(i) + weights[i])


def scalars(flag=True, nothing=None, count=3, text="abc", data=b"abcd", ratio=0.5):
    total = 0.0
    for value in FLOATS:
        total += value if flag else ratio
    return total, nothing, count, text, data


def c_calls(values=FLOATS):
    for i in range(50):
        total = sum(values)
    return total


LOOPS = [
    c_calls,
    list_of_floats, global_table, dict_of_floats, dict_records, plain_objects, slot_objects, mixed_tuples, named_tuples,
    typed_array, deque_and_set, list_subclass, zipped, enumerated, counted, comprehension, generated, closure, scalars,
    Plain().method,
]  # fmt: skip

if "--numpy" in sys.argv:
    import numpy
    import pandas

    MATRIX = numpy.ones((100, 64))
    FRAME = pandas.DataFrame({"a": numpy.ones(1234), "b": [str(i) for i in range(1234)]})

    def arrays(matrix=MATRIX, fortran=numpy.ones((10, 20), order="F"), small=[numpy.ones(8, "f4") for _ in range(40)]):
        total = 0.0
        for row in matrix:
            for value in row:
                total += value
        return total, fortran, small

    def frames(frame=FRAME, series=FRAME["a"], part=FRAME[FRAME["a"] > 0]):
        total = 0.0
        for i in range(200):
            total += series.iloc[i]
        return total, frame, part

    LOOPS += [arrays, frames]


GO = threading.Event()
"""Threads that run already would slow down the start of the next ones."""


def forever(function):
    GO.wait()
    while True:
        function()


if __name__ == "__main__":
    allow_any_tracer()
    for loop in LOOPS:
        threading.Thread(target=forever, args=(loop,), name=loop.__name__, daemon=True).start()
    print("ready", flush=True)
    GO.set()
    threading.Event().wait()
