"""Screens a constellation for close approaches, one epoch at a time; epochs are shared among worker processes."""
import hashlib
import json
import math
import multiprocessing
import random
import signal
import sys
import time

import orbits

EPOCH_STEP_S = 60
PERIOD_S = 0.2
THRESHOLD_KM = 120.0

CATALOGUE = []


def build_catalogue(count):
    rnd = random.Random(77)
    for number in range(count):
        CATALOGUE.append({
            "norad": 40000 + number,
            "name": "SAT-%03d" % number,
            "a": 6378.0 + rnd.uniform(540, 620),
            "inc": math.radians(rnd.choice([53.0, 53.2, 70.0, 97.6])),
            "raan": rnd.uniform(0, 2 * math.pi),
            "phase": rnd.uniform(0, 2 * math.pi),
        })


def screen_epoch(epoch):
    states = [orbits.propagate(sat, epoch) for sat in CATALOGUE]
    events = orbits.close_pairs(states, THRESHOLD_KM)
    report = {
        "epoch": epoch,
        "events": [
            {"a": states[i]["name"], "b": states[j]["name"], "km": round(km, 2)} for i, j, km in events
        ],
    }
    blob = json.dumps(report, sort_keys=True)
    return epoch, len(events), hashlib.sha256(blob.encode()).hexdigest()


def ignore_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main():
    build_catalogue(170)
    context = multiprocessing.get_context("fork")
    seen = {}
    with context.Pool(2, initializer=ignore_interrupts) as pool:
        print("screening %d objects" % len(CATALOGUE), flush=True)
        epoch = 0
        due = time.monotonic()
        while True:
            batch = [epoch + n * EPOCH_STEP_S for n in range(40)]
            for when, hits, digest in pool.imap_unordered(screen_epoch, batch, chunksize=5):
                seen[when] = (hits, digest)
            while len(seen) > 500:
                seen.pop(next(iter(seen)))
            epoch = batch[-1] + EPOCH_STEP_S
            due = max(due + PERIOD_S, time.monotonic() - PERIOD_S)
            time.sleep(max(0.02, due - time.monotonic()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
