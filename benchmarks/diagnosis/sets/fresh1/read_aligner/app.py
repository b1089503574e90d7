"""Aligns sequencing reads against a few amplicons, in two processes."""
import collections
import multiprocessing
import random
import time

MATCH, MISMATCH, OPEN, EXTEND = 2, -3, -5, -1
BASES = "ACGT"


def mutate(rnd, sequence, rate):
    out = []
    for base in sequence:
        roll = rnd.random()
        if roll < rate / 3:
            continue
        if roll < 2 * rate / 3:
            out.append(rnd.choice(BASES))
        out.append(rnd.choice(BASES) if roll > 1 - rate / 3 else base)
    return "".join(out)


def align(read, reference):
    """Best local score with affine gaps, and where it ends in the reference."""
    width = len(reference) + 1
    low = -10 ** 6
    best = [0] * width
    gap_down = [low] * width
    top, top_at = 0, 0
    for base in read:
        diagonal = 0
        gap_right = low
        for j in range(1, width):
            above = best[j]
            gap_down[j] = max(above + OPEN, gap_down[j] + EXTEND)
            gap_right = max(best[j - 1] + OPEN, gap_right + EXTEND)
            score = diagonal + (MATCH if reference[j - 1] == base else MISMATCH)
            cell = max(0, score, gap_down[j], gap_right)
            diagonal = above
            best[j] = cell
            if cell > top:
                top, top_at = cell, j
    return top, top_at


def work(jobs, results, references):
    while True:
        job = jobs.get()
        if job is None:
            return
        ident, read = job
        scores = {name: align(read, reference) for name, reference in references.items()}
        name = max(scores, key=lambda key: scores[key][0])
        results.put((ident, name, *scores[name]))


def main():
    rnd = random.Random(1953)
    references = {"amp%d" % n: "".join(rnd.choices(BASES, k=90)) for n in range(2)}
    names = list(references)
    context = multiprocessing.get_context("fork")
    jobs, results = context.Queue(64), context.Queue()
    workers = [context.Process(target=work, args=(jobs, results, references), daemon=True) for _ in range(2)]
    for worker in workers:
        worker.start()
    print("aligning", flush=True)
    counts = collections.Counter()
    ident = 0
    while True:
        for _ in range(4):
            jobs.put((ident, mutate(rnd, references[names[ident % len(names)]][10:70], 0.06)))
            ident += 1
        time.sleep(0.03)
        while not results.empty():
            _, name, score, _ = results.get()
            counts[name, score // 20] += 1


if __name__ == "__main__":
    main()
