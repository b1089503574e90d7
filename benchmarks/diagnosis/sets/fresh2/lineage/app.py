"""Compares gene fragments with a panel of references, in a pool of processes."""
import multiprocessing as mp
import random
import time

from align import Scoring, align

BASES = "ACGT"


def mutate(text, rnd, rate=0.08):
    out = []
    for base in text:
        luck = rnd.random()
        if luck < rate / 2:
            continue
        out.append(rnd.choice(BASES) if luck < rate else base)
        if luck > 1 - rate / 3:
            out.append(rnd.choice(BASES))
    return "".join(out)


def jobs(seed=9):
    rnd = random.Random(seed)
    panel = ["".join(rnd.choices(BASES, k=110)) for _ in range(6)]
    number = 0
    while True:
        yield number, mutate(rnd.choice(panel), rnd), panel
        number += 1


def classify(job):
    number, fragment, panel = job
    scoring = Scoring(match=2, mismatch=-1, opening=-4, extending=-1)
    results = [align(fragment, reference, scoring) for reference in panel]
    return number, max(range(len(panel)), key=lambda i: results[i].score), max(r.score for r in results)


def main():
    stream = jobs()
    with mp.get_context("spawn").Pool(2) as pool:
        while True:
            began = time.monotonic()
            batch = [next(stream) for _ in range(8)]
            for number, reference, score in pool.imap(classify, batch, chunksize=2):
                if number % 100 == 0:
                    print(f"fragment {number}: reference {reference}, score {score}", flush=True)
            time.sleep(max(0.0, 0.28 - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
