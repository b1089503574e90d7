"""Watches tide gauges: compares what they measure with the table, reports surges on standard output."""
import asyncio
import json
import random
import time
from array import array

import surge

STATIONS = ("Cuxhaven", "Helgoland", "Husum", "Emden", "Bremerhaven")
SAMPLES = 6000
PERIOD_S = 0.002


def table(station, source):
    mean = source.uniform(480, 520)
    swing = source.uniform(90, 160)
    return array("d", (mean + swing * (abs(i % 745 - 372) / 186.0 - 1.0) for i in range(SAMPLES)))


class Gauge:
    def __init__(self, station, seed):
        self.station = station
        self.source = random.Random(seed)
        self.table = table(station, self.source)
        self.recordings = [
            array("d", (height + self.source.gauss(0, 6) for height in self.table)) for _ in range(6)
        ]

    def read(self):
        return self.source.choice(self.recordings)


async def poll(gauges, queue):
    due = time.monotonic()
    turn = 0
    while True:
        gauge = gauges[turn % len(gauges)]
        await queue.put((gauge, gauge.read()))
        turn += 1
        due = max(due + PERIOD_S, time.monotonic() - 1.0)
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def watch(queue):
    alerts = 0
    seen = 0
    while True:
        gauge, heights = await queue.get()
        state = surge.assess(heights, gauge.table, offset=0.8, drift=0.0004)
        seen += 1
        if state["peak"] > 22.0:
            alerts += 1
        if seen % 200 == 0:
            print(json.dumps({"station": gauge.station, "seen": seen, "alerts": alerts, **state}))
        queue.task_done()


async def main():
    queue = asyncio.Queue(maxsize=4)
    gauges = [Gauge(name, seed) for seed, name in enumerate(STATIONS)]
    print("watching", len(gauges), "gauges")
    await asyncio.gather(poll(gauges, queue), watch(queue))


if __name__ == "__main__":
    asyncio.run(main())
