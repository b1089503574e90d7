"""Previews of radar frames: shrinks every frame to a grey thumbnail and files it under its content hash."""
import concurrent.futures
import hashlib
import itertools
import threading
import time
import zlib

import numpy as np

from resample import shrink

FRAME = (240, 320)
PREVIEW = (36, 48)
FRAMES_PER_SECOND = 160


class FrameSource:
    """Frames as the antenna delivers them."""

    def __init__(self, seed):
        self._rng = np.random.default_rng(seed)
        self._base = self._rng.normal(90, 18, size=FRAME).astype(np.float32)
        self._numbers = itertools.count()

    def next_frame(self):
        number = next(self._numbers)
        frame = np.roll(self._base, number % FRAME[1], axis=1)
        frame[number % FRAME[0], :] = 255
        return number, np.clip(frame, 0, 255)


class Store:
    def __init__(self, capacity):
        self._capacity = capacity
        self._items = {}
        self._lock = threading.Lock()
        self.duplicates = 0

    def put(self, key, blob):
        with self._lock:
            if key in self._items:
                self.duplicates += 1
                return
            while len(self._items) >= self._capacity:
                self._items.pop(next(iter(self._items)))
            self._items[key] = blob


def preview(number, frame, store):
    small = shrink(frame, PREVIEW)
    raw = small.tobytes()
    store.put(hashlib.sha1(raw).hexdigest(), zlib.compress(raw, 6))
    return number


def main():
    source = FrameSource(12)
    store = Store(300)
    with concurrent.futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="preview") as pool:
        print("ready", flush=True)
        start = time.monotonic()
        for tick in itertools.count(1):
            jobs = [pool.submit(preview, *source.next_frame(), store) for _ in range(8)]
            concurrent.futures.wait(jobs)
            for job in jobs:
                job.result()
            now = time.monotonic()
            due = start + tick * 8 / FRAMES_PER_SECOND
            if due < now - 1:
                start = now - tick * 8 / FRAMES_PER_SECOND
            time.sleep(max(0.005, due - now))


if __name__ == "__main__":
    main()
