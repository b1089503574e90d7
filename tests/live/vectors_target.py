"""A worker for any CPython: a list loop in a helper, text work beside it, as many sleeping threads as asked for."""

import ctypes
import json
import random
import re
import sys
import threading
import time

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: it never outlives its test

WORDS = "the quick brown fox jumps over the lazy dog and runs away from it".split()


def dot(left, right):
    total = 0.0
    for a, b in zip(left, right):
        total += a * b
    return total


def rank(query, vectors):
    scores = {}
    for name, vector in vectors.items():
        scores[name] = dot(query, vector)
    return sorted(scores, key=scores.get)[:20]


def describe(names, dice):
    text = " ".join(dice.choice(WORDS) for _ in range(400))
    found = re.findall(r"\b(\w)(\w+)\b", text)
    return json.dumps({"names": names, "words": ["".join(pair).title() for pair in found]})


def serve(vectors):
    dice = random.Random(1)
    print("ready", flush=True)
    while True:
        began = time.monotonic()
        names = rank(vectors["item 0"], vectors)
        for _ in range(3):
            describe(names, dice)
        time.sleep((time.monotonic() - began) / 2)


def main(sleepers):
    dice = random.Random(0)
    vectors = {"item %d" % i: [dice.random() for _ in range(64)] for i in range(1000)}
    for _ in range(sleepers):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    serve(vectors)


if __name__ == "__main__":
    main(int(sys.argv[1]))
