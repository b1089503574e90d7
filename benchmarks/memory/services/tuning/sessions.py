"""A pool of threads that answers requests; sessions are kept in a dict of the module, and never expire."""

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

RATE = float(sys.argv[1])
PER_S = 40
SESSIONS: dict = {}


def handle(number):
    body = json.dumps({"user": number, "items": [{"id": at, "score": at / 7} for at in range(200)]})
    request = json.loads(body)
    total = sum(item["score"] for item in request["items"])
    keep = int(RATE * 2**20 / 60 / PER_S / 90)  # a string of 90 bytes each, its header counted
    if keep:
        SESSIONS[number] = [f"{number:012d}-{at:012d}-{random.random():.12f}" for at in range(keep)]
    return total


with ThreadPoolExecutor(4) as pool:
    number = 0
    print("ready", flush=True)
    while True:
        number += 1
        pool.submit(handle, number)
        time.sleep(random.expovariate(PER_S))
