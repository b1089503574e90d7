"""Collects click events into sessions and keeps a table of the last ones."""
import asyncio
import itertools
import random
import time

import pandas as pd

COLUMNS = ["user", "page", "dwell", "at"]
PAGES = ["home", "search", "item", "cart", "checkout", "help"]
KEEP = 1500


class SessionTable:
    def __init__(self):
        self.frame = pd.DataFrame([{"user": 0, "page": "home", "dwell": 0.0, "at": 0.0}])
        self.seen = 0

    def add(self, events):
        for event in events:
            row = pd.DataFrame([event], columns=COLUMNS)
            self.frame = pd.concat([self.frame, row], ignore_index=True)
        self.seen += len(events)
        if len(self.frame) > KEEP:
            self.frame = self.frame.iloc[-KEEP:]

    def summary(self):
        recent = self.frame["dwell"]
        return {"rows": len(self.frame), "mean": float(recent.mean()), "seen": self.seen}


async def source(outbox, rate):
    rnd = random.Random(4)
    clock = itertools.count()
    while True:
        batch = [
            {
                "user": rnd.randrange(3000),
                "page": rnd.choice(PAGES),
                "dwell": rnd.expovariate(0.2),
                "at": float(next(clock)),
            }
            for _ in range(40)
        ]
        await outbox.put(batch)
        await asyncio.sleep(40 / rate)


async def worker(inbox, table):
    while True:
        events = await inbox.get()
        table.add(events)
        inbox.task_done()


async def report(table):
    while True:
        await asyncio.sleep(1.0)
        print(time.strftime("%H:%M:%S"), table.summary(), flush=True)


async def main():
    events = asyncio.Queue(maxsize=50)
    table = SessionTable()
    print("ready", flush=True)
    await asyncio.gather(source(events, rate=1700), worker(events, table), report(table))


asyncio.run(main())
