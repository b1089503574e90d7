"""Finds near-duplicate articles: a pool of processes compares the embeddings of each batch."""
import math
import multiprocessing
import random
import time

THRESHOLD = 0.92
SIZE = 56


def make_batch(rnd, count):
    batch = []
    for i in range(count):
        if batch and rnd.random() < 0.1:
            source = rnd.choice(batch)["vec"]
            vec = [x + rnd.gauss(0, 0.05) for x in source]
        else:
            vec = [rnd.gauss(0, 1) for _ in range(SIZE)]
        batch.append({"doc": rnd.getrandbits(40), "lang": rnd.choice(["en", "de", "fr"]), "vec": vec})
    return batch


def norm(v):
    return math.sqrt(sum(x * x for x in v))


def compare(batch):
    norms = [norm(doc["vec"]) for doc in batch]
    pairs = []
    for i in range(len(batch)):
        left = batch[i]["vec"]
        for j in range(i + 1, len(batch)):
            dot = 0.0
            right = batch[j]["vec"]
            for k in range(SIZE):
                dot += left[k] * right[k]
            if dot / (norms[i] * norms[j]) > THRESHOLD:
                pairs.append((batch[i]["doc"], batch[j]["doc"]))
    return pairs


def merge(groups, pairs):
    for a, b in pairs:
        root = min(groups.get(a, a), groups.get(b, b))
        groups[a] = groups[b] = root


def main():
    rnd = random.Random(99)
    stock = [make_batch(rnd, 170) for _ in range(12)]
    groups = {}
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        print("pool is up", flush=True)
        while True:
            began = time.monotonic()
            for pairs in pool.imap_unordered(compare, [stock[rnd.randrange(12)] for _ in range(4)]):
                merge(groups, pairs)
            time.sleep(max(0.0, 0.5 - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
