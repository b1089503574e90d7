"""Grades the tiles of camera frames: sharp ones go to the archive, blurred ones are dropped."""
import multiprocessing as mp
import time

import numpy as np

from grading import grade

TILE = 40
SIDE = 200


def frames(seed=3):
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 180, SIDE)
    number = 0
    while True:
        noise = rng.integers(0, 60, (SIDE, SIDE))
        yield number, (ramp[None, :] + noise).astype(np.int32)
        number += 1


def cut(number, frame):
    for top in range(0, SIDE, TILE):
        for left in range(0, SIDE, TILE):
            yield number, top, left, np.ascontiguousarray(frame[top:top + TILE, left:left + TILE])


def main():
    kept = dropped = 0
    with mp.get_context("fork").Pool(2) as pool:
        for number, frame in frames():
            began = time.monotonic()
            for key, sharpness in pool.imap_unordered(grade, cut(number, frame), chunksize=5):
                if sharpness > 900.0:
                    kept += 1
                else:
                    dropped += 1
            if number % 100 == 0:
                print(f"frame {number}: kept {kept}, dropped {dropped}", flush=True)
            time.sleep(max(0.0, 0.04 - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
