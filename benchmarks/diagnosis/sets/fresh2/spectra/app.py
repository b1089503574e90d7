"""Average spectra of long recordings, read block by block so that a whole one never has to be in memory."""
import multiprocessing as mp
import time

import numpy as np

BLOCK = 16384
window = np.hanning(BLOCK)


def recording(seed, blocks=24):
    rng = np.random.default_rng(seed)
    t = np.arange(BLOCK * blocks) / 48000.0
    return (np.sin(2 * np.pi * (300 + 40 * seed) * t) + rng.normal(0, 0.4, t.size)).astype(np.float32)


def blocks(samples):
    for start in range(0, samples.size - BLOCK + 1, BLOCK // 2):
        yield samples[start:start + BLOCK]


def spectrum(samples):
    total = np.zeros(BLOCK // 2 + 1)
    highest = 0.0
    count = 0
    for block in blocks(samples):
        block = block - block.mean()
        highest = max(highest, float(np.abs(block).max()))
        total += np.abs(np.fft.rfft(block * window)) ** 2
        count += 1
    return total / count, highest


def worker(pipe):
    recordings = [recording(seed) for seed in range(5)]
    while True:
        number = pipe.recv()
        power, highest = spectrum(recordings[number % len(recordings)])
        pipe.send((number, float(np.argmax(power)) * 48000.0 / BLOCK, highest))


def main():
    context = mp.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=worker, args=(there,), daemon=True)
    process.start()
    number = 0
    while True:
        began = time.monotonic()
        here.send(number)
        number, hertz, highest = here.recv()
        if number % 100 == 0:
            print(f"recording {number}: {hertz:.1f} Hz, peak {highest:.2f}", flush=True)
        number += 1
        time.sleep(max(0.0, 0.016 - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
