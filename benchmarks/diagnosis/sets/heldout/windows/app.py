"""Vibration monitor: spectra of overlapping windows of every machine's signal."""
import queue
import threading
import time

import numpy as np

RATE, WINDOW, STEP = 8000, 4096, 1024


class Machine:
    def __init__(self, number):
        rng = np.random.default_rng(number)
        t = np.arange(RATE * 4) / RATE
        tones = (np.sin(2 * np.pi * f * t) for f in rng.uniform(30, 3000, 4))
        self.number = number
        self.signal = sum(tones) + rng.normal(0, 0.3, len(t))
        self.reference = None


def features(machine):
    taper = np.hanning(WINDOW)
    total = np.zeros(WINDOW // 2 + 1)
    peaks = []
    for begin in range(0, len(machine.signal) - WINDOW, STEP):
        spectrum = np.abs(np.fft.rfft(machine.signal[begin : begin + WINDOW] * taper))
        total += spectrum
        peaks.append(float(spectrum.max()))
    total /= len(peaks)
    if machine.reference is None:
        machine.reference = total
    return {
        "machine": machine.number,
        "peak_hz": float(total.argmax() * RATE / WINDOW),
        "crest": max(peaks) / (sum(peaks) / len(peaks)),
        "drift": float(np.linalg.norm(total - machine.reference)),
    }


def monitor(inbox, latest):
    while True:
        machine = inbox.get()
        latest[machine.number] = features(machine)


def main():
    machines = [Machine(n) for n in range(20)]
    inbox, latest = queue.Queue(maxsize=10), {}
    for n in range(2):
        threading.Thread(target=monitor, args=(inbox, latest), name=f"monitor-{n}", daemon=True).start()
    print("monitoring", len(machines), "machines", flush=True)
    while True:
        for machine in machines:
            inbox.put(machine)
            time.sleep(0.0015)


if __name__ == "__main__":
    main()
