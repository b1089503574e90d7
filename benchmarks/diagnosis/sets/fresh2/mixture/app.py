"""Sorts batches of reaction times by the population that they most likely come from."""
import itertools
import queue
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from model import POPULATIONS, loglik
from timing import table

inbox = queue.Queue(maxsize=8)
tally = dict.fromkeys(POPULATIONS, 0)
lock = threading.Lock()


def feed(pause_s):
    rnd = random.Random(77)
    pools = {
        name: [
            [rnd.gauss(c.mean, c.scale) for c in rnd.choices(components, [c.weight for c in components], k=500)]
            for _ in range(12)
        ]
        for name, components in POPULATIONS.items()
    }
    names = itertools.cycle(pools)
    for number in itertools.count():
        inbox.put((number, rnd.choice(pools[next(names)])))
        time.sleep(pause_s)


def classify(number, sample):
    scores = {name: loglik(sample, components) for name, components in POPULATIONS.items()}
    winner = max(scores, key=scores.get)
    with lock:
        tally[winner] += 1
    return number, winner


def main():
    threading.Thread(target=feed, args=(0.0025,), daemon=True).start()
    with ThreadPoolExecutor(3) as executor:
        pending = []
        while True:
            pending.append(executor.submit(classify, *inbox.get()))
            if len(pending) == 300:
                last = max(future.result()[0] for future in pending)
                pending.clear()
                print("up to", last, tally, table(), flush=True)


if __name__ == "__main__":
    main()
