"""Torque controllers of a test bench: every axle has a thread that waits for its chunk of samples."""
import math
import queue
import random
import threading
import time

from control import Axle

SAMPLES = 400
AXLES = 16


class Bench:
    def __init__(self) -> None:
        self.inboxes = [queue.Queue(4) for _ in range(AXLES)]
        self.axles = [Axle(gain=0.02 + 0.001 * n, limit=140.0) for n in range(AXLES)]
        self.threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(AXLES)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def work(self, number: int) -> None:
        axle, inbox = self.axles[number], self.inboxes[number]
        while True:
            axle.advance(inbox.get())


def recordings(seed: int = 12) -> list[list[float]]:
    rnd = random.Random(seed)
    return [
        [900 + 60 * math.sin(0.01 * n + phase) + rnd.gauss(0, 8) for n in range(SAMPLES)]
        for phase in (rnd.uniform(0, 6) for _ in range(20))
    ]


def main() -> None:
    bench = Bench()
    bench.start()
    chunks = recordings()
    tick = 0
    while True:
        began = time.monotonic()
        for number, inbox in enumerate(bench.inboxes):
            if (tick + number) % 2 == 0:
                inbox.put(chunks[(tick * 3 + number) % len(chunks)])
        tick += 1
        if tick % 200 == 1:
            print(tick, " ".join(f"{axle.torque:.0f}" for axle in bench.axles), flush=True)
        time.sleep(max(0.0, 0.0025 - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
