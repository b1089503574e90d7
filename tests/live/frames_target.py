"""A worker that scores the rows of a DataFrame one by one, and writes text beside it."""

import ctypes
import json
import random
import time

import pandas as pd

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: it never outlives its test


def risk(row):
    return 0.3 * row["age"] + 0.5 * row["debt"] - 0.1 * row["income"]


def rank(customers):
    customers["risk"] = customers.apply(risk, axis=1)
    return customers.sort_values("risk")["name"].head(10).tolist()


def main():
    dice = random.Random(0)
    names = ["customer %d" % i for i in range(1500)]
    numbers = {column: [dice.random() for _ in names] for column in ("age", "debt", "income")}
    customers = pd.DataFrame({"name": names} | numbers)
    print("ready", flush=True)
    while True:
        began = time.monotonic()
        first = rank(customers)
        json.dumps([{"name": name.title(), "rank": at} for at, name in enumerate(first * 50)])
        time.sleep(time.monotonic() - began)


main()
