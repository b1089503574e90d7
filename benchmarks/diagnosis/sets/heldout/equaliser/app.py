"""Audio equaliser: blocks of samples from a queue run through a cascade of biquads, one thread per channel."""
import math
import queue
import random
import threading
import time

RATE = 48000
BLOCK = 480


class Biquad:
    __slots__ = ("b0", "b1", "b2", "a1", "a2", "z1", "z2")

    def __init__(self, frequency, gain_db, quality=0.9):
        a = 10 ** (gain_db / 40)
        w = 2 * math.pi * frequency / RATE
        alpha = math.sin(w) / (2 * quality)
        a0 = 1 + alpha / a
        self.b0 = (1 + alpha * a) / a0
        self.b1 = self.a1 = -2 * math.cos(w) / a0
        self.b2 = (1 - alpha * a) / a0
        self.a2 = (1 - alpha / a) / a0
        self.z1 = self.z2 = 0.0

    def process(self, samples):
        out = []
        z1, z2 = self.z1, self.z2
        for x in samples:
            y = self.b0 * x + z1
            z1 = self.b1 * x - self.a1 * y + z2
            z2 = self.b2 * x - self.a2 * y
            out.append(y)
        self.z1, self.z2 = z1, z2
        return out


class Channel(threading.Thread):
    def __init__(self, name, bands):
        super().__init__(name=name, daemon=True)
        self.filters = [Biquad(f, g) for f, g in bands]
        self.inbox = queue.Queue(maxsize=8)
        self.blocks = 0

    def run(self):
        while True:
            samples = self.inbox.get()
            for f in self.filters:
                samples = f.process(samples)
            self.blocks += 1


def main():
    rng = random.Random(440)
    bands = [(60, 3), (250, -2), (1000, 1.5), (4000, -3), (12000, 4)]
    channels = [Channel(side, bands) for side in ("left", "right")]
    for channel in channels:
        channel.start()
    material = [[rng.uniform(-0.8, 0.8) for _ in range(BLOCK)] for _ in range(50)]
    print("playing", flush=True)
    due = time.monotonic()
    block = 0
    while True:
        for channel in channels:
            channel.inbox.put(material[block % 50])
        block += 1
        due += BLOCK / RATE / 8
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
