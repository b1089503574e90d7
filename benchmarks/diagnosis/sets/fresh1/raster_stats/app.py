"""Statistics of satellite scenes, band by band and strip by strip, so that no scene is ever whole in memory."""
import collections
import json
import time

import numpy as np

STRIP = 48
SCENE = (768, 1024)
BANDS = ("red", "green", "blue", "nir")


class Scene:
    """Pretends to read strips from disk."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self._tile = rng.integers(0, 4096, size=(STRIP, SCENE[1]), dtype=np.uint16)

    def strips(self, band):
        for top in range(0, SCENE[0], STRIP):
            yield top, np.roll(self._tile, top + BANDS.index(band), axis=1)


class Running:
    def __init__(self):
        self.count = 0
        self.total = 0.0
        self.squares = 0.0
        self.low = np.inf
        self.high = -np.inf
        self.histogram = np.zeros(256, dtype=np.int64)

    def add(self, strip):
        valid = strip[strip > 0].astype(np.float32)
        self.count += valid.size
        self.total += float(valid.sum())
        self.squares += float(np.dot(valid, valid))
        self.low = min(self.low, float(valid.min()))
        self.high = max(self.high, float(valid.max()))
        self.histogram += np.bincount((strip >> 4).ravel(), minlength=256)

    def summary(self):
        mean = self.total / self.count
        levels = np.cumsum(self.histogram)
        return {
            "mean": round(mean, 2),
            "sd": round((self.squares / self.count - mean * mean) ** 0.5, 2),
            "range": [self.low, self.high],
            "median": int(np.searchsorted(levels, levels[-1] / 2)) << 4,
        }


def describe(scene):
    report = {}
    for band in BANDS:
        running = Running()
        for _, strip in scene.strips(band):
            running.add(strip)
        report[band] = running.summary()
    vegetation = []
    for (top, red), (_, nir) in zip(scene.strips("red"), scene.strips("nir")):
        red = red.astype(np.float32)
        nir = nir.astype(np.float32)
        index = (nir - red) / (nir + red + 1.0)
        vegetation.append((top, float(np.percentile(index, 90))))
    report["green_strips"] = [top for top, value in vegetation if value > 0.6]
    return report


def main():
    scenes = [Scene(seed) for seed in range(5)]
    recent = collections.deque(maxlen=20)
    print("reading", flush=True)
    number = 0
    while True:
        began = time.monotonic()
        recent.append(json.dumps(describe(scenes[number % len(scenes)])))
        number += 1
        time.sleep(max(0.02, 0.7 * (time.monotonic() - began)))


if __name__ == "__main__":
    main()
