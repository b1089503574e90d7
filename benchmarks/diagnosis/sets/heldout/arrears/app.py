"""
Dunning worker.  Takes account batches off a queue and books fees and interest.
"""
import datetime
import logging
import queue
import random
import threading
import time

import pandas as pd

logging.basicConfig(level=logging.WARNING)
LOGGER = logging.getLogger(__name__)
TODAY = datetime.date(2024, 5, 1)


class Batch:
    def __init__(self, number, accounts):
        self.number = number
        self.accounts = accounts


class Dunning(threading.Thread):
    FEE = 5.0
    RATE = 0.00022

    def __init__(self, jobs, results):
        super(Dunning, self).__init__(name="dunning", daemon=True)
        self.jobs = jobs
        self.results = results

    def run(self):
        while True:
            batch = self.jobs.get()
            try:
                self.results.put(self.process(batch))
            except Exception:
                LOGGER.exception("batch %s", batch.number)

    def process(self, batch):
        accounts = batch.accounts
        self.book(accounts)
        due = accounts[accounts["balance"] > 1000]
        return batch.number, len(due), float(due["balance"].sum())

    def book(self, accounts):
        for account in accounts.index:
            days = accounts.at[account, "days_late"]
            balance = accounts.at[account, "balance"]
            if days > 14:
                balance += self.FEE
            accounts.at[account, "balance"] = balance * (1 + self.RATE * days)
            accounts.at[account, "level"] = min(3, int(days // 30))


def new_batch(number, rnd):
    rows = 260
    return Batch(number, pd.DataFrame({
        "balance": [rnd.uniform(10, 4000) for _ in range(rows)],
        "days_late": [rnd.randint(0, 120) for _ in range(rows)],
        "level": [0] * rows,
    }))


def main():
    rnd = random.Random(20)
    jobs, results = queue.Queue(4), queue.Queue()
    Dunning(jobs, results).start()
    print("worker started, booking day", TODAY, flush=True)
    number = 0
    waiting = [new_batch(n, rnd) for n in range(40)]
    while True:
        number += 1
        jobs.put(waiting[number % 40])
        while not results.empty():
            done, due, total = results.get()
            LOGGER.info("batch %d: %d due, %.2f", done, due, total)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
