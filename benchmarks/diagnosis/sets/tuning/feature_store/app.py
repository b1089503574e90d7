"""Workers that refresh the feature store; the parent hands out shards."""
import multiprocessing as mp
import random
import time

from timing import timed

FIELDS = ("age_days", "orders", "basket", "returns", "visits", "discount")
SHARD = 1800


class Refresher:
    def __init__(self, shard, seed):
        rnd = random.Random(seed)
        self.shard = shard
        self.users = [
            {"id": shard * SHARD + i, "tier": rnd.choice("ABC"), **{f: rnd.gauss(20, 6) for f in FIELDS}}
            for i in range(SHARD)
        ]

    @timed
    def normalise(self):
        limits = {}
        for f in FIELDS:
            column = [user[f] for user in self.users]
            limits[f] = (min(column), max(column))
        rows = []
        for user in self.users:
            row = []
            for f in FIELDS:
                low, high = limits[f]
                row.append((user[f] - low) / (high - low))
            rows.append(row)
        return rows

    @timed
    def publish(self, rows):
        return {user["id"]: user["tier"] for user in self.users if user["tier"] != "C"}


def work(shards, done):
    refreshers = {}
    while True:
        shard = shards.get()
        if shard is None:
            return
        if shard not in refreshers:
            refreshers[shard] = Refresher(shard, seed=shard)
        rows = refreshers[shard].normalise()
        refreshers[shard].publish(rows)
        done.put((shard, len(rows)))


def main():
    context = mp.get_context("spawn")
    shards, done = context.Queue(), context.Queue()
    workers = [context.Process(target=work, args=(shards, done), daemon=True) for _ in range(2)]
    for worker in workers:
        worker.start()
    for shard in range(6):
        shards.put(shard)
    for _ in range(6):
        done.get()
    print("workers are warm", flush=True)
    n = 0
    while all(worker.is_alive() for worker in workers):
        started = time.monotonic()
        for _ in range(10):
            shards.put(n % 6)
            n += 1
        for _ in range(10):
            done.get()
        time.sleep(max(0.0, 0.06 - (time.monotonic() - started)))


if __name__ == "__main__":
    main()
