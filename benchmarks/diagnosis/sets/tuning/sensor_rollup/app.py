"""Rolls raw sensor readings up into features; readings come from a queue, four threads work on them."""
import array
import logging
import queue
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger("rollup")
WINDOW = 30
BATCH = 2400


class Reading:
    def __init__(self, sensor, values, taken_at):
        self.sensor = sensor
        self.values = values
        self.taken_at = taken_at


def rolling_mean(values, window):
    out = array.array("d")
    for i in range(window, len(values)):
        out.append(sum(values[i - window : i]) / window)
    return out


def crossings(smooth, raw, window):
    flags = 0
    previous = None
    for s, r in zip(smooth, raw[window:]):
        side = r > s
        if previous is not None and side != previous:
            flags += 1
        previous = side
    return flags


class Rollup:
    def __init__(self):
        self.latest = {}
        self.lock = threading.Lock()

    def handle(self, reading):
        smooth = rolling_mean(reading.values, WINDOW)
        row = {
            "level": smooth[-1],
            "crossings": crossings(smooth, reading.values, WINDOW),
            "age": time.time() - reading.taken_at,
        }
        with self.lock:
            self.latest[reading.sensor] = row
        return row


def produce(inbox, every):
    rnd = random.Random(1)
    library = []
    for s in range(24):
        level = rnd.uniform(10, 30)
        library.append(array.array("d", (level + rnd.gauss(0, 2) for _ in range(BATCH))))
    due = time.monotonic()
    n = 0
    while True:
        inbox.put(Reading("s%02d" % (n % 24), library[n % 24], time.time()))
        n += 1
        due += every
        time.sleep(max(0, due - time.monotonic()))


def main():
    logging.basicConfig(level=logging.INFO)
    inbox = queue.Queue(maxsize=100)
    rollup = Rollup()
    threading.Thread(target=produce, args=(inbox, 0.004), daemon=True).start()
    print("consuming", flush=True)
    with ThreadPoolExecutor(max_workers=4) as pool:
        pending = []
        while True:
            pending.append(pool.submit(rollup.handle, inbox.get()))
            if len(pending) >= 16:
                for task in pending:
                    task.result()
                pending.clear()


if __name__ == "__main__":
    main()
