"""Looks for tremors in the recordings of seismometers; a spawned process analyses what the main process hands out."""
import itertools
import multiprocessing
import random
import time

import numpy as np

import windows

CHANNELS = 6
SECONDS = 600
RATE_HZ = 200
PERIOD_S = 0.004


def calibration(seed=2):
    """Response of the instruments, measured point by point in the workshop."""
    source = random.Random(seed)
    points = [(step * 0.01, 1.0 + 0.1 * source.random()) for step in range(4000)]
    smooth = []
    for i in range(len(points)):
        near = points[max(0, i - 4) : i + 5]
        smooth.append(sum(gain for _, gain in near) / len(near))
    return np.array(smooth)


def analyse(tasks, results):
    gains = calibration()
    for number, seed in iter(tasks.get, None):
        samples = windows.recording(seed, CHANNELS, SECONDS * RATE_HZ)
        results.put((number, windows.tremors(samples, gains, RATE_HZ)))


def main():
    context = multiprocessing.get_context("spawn")
    tasks, results = context.Queue(4), context.Queue()
    context.Process(target=analyse, args=(tasks, results), daemon=True).start()
    print("analysing")
    found = 0
    for number in itertools.count():
        tasks.put((number, number % 4))
        while not results.empty():
            found += len(results.get()[1])
        if number % 200 == 199:
            print(number + 1, "recordings,", found, "tremors")
        time.sleep(PERIOD_S)


if __name__ == "__main__":
    main()
