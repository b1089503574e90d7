import concurrent.futures
import multiprocessing
import statistics
import time

from cloud import Cloud

POINTS = 9000
SCANS = {}


def obstacles(task):
    seed, (dx, dy, dz) = task
    if seed not in SCANS:
        SCANS[seed] = Cloud.scan(seed, POINTS)
    here = SCANS[seed].shifted(dx, dy, dz)
    low = here.ground(4.0)
    return seed, len(low), statistics.median(low.values())


def tasks(turn):
    for seed in range(4):
        yield seed, (0.1 * (turn % 50), -0.05 * (turn % 30), 0.0)


if __name__ == "__main__":
    fork = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(max_workers=2, mp_context=fork) as executor:
        list(executor.map(obstacles, tasks(0)))
        print("scanning", flush=True)
        turn = 0
        while True:
            turn += 1
            tick = time.monotonic()
            for seed, cells, level in executor.map(obstacles, tasks(turn)):
                if cells == 0:
                    raise RuntimeError("scan %d is empty" % seed)
            time.sleep(max(0.0, 0.045 - (time.monotonic() - tick)))
