"""Keeps the stock of a few warehouses: books movements from a queue, suggests what to order."""
import queue
import random
import threading
import time

from forecast import Demand
from ledger import Ledger

BATCH = 10


def produce(inbox, skus, stop):
    rnd = random.Random(8)
    while not stop.is_set():
        inbox.put([
            {"sku": rnd.choice(skus), "delta": rnd.choice([-3, -2, -1, -1, 6]), "reason": rnd.choice("SRT")}
            for _ in range(BATCH)
        ])
        time.sleep(0.0035)


class Worker(threading.Thread):
    def __init__(self, inbox, ledger, demand):
        super().__init__(name="booking", daemon=True)
        self.inbox = inbox
        self.ledger = ledger
        self.demand = demand
        self.suggestions = {}

    def run(self):
        while True:
            batch = self.inbox.get()
            self.ledger.book(batch)
            for sku in {movement["sku"] for movement in batch}:
                expected = self.demand.expect(sku)
                if expected > self.ledger.on_hand(sku):
                    self.suggestions[sku] = round(expected)
            self.inbox.task_done()


def main():
    skus = ["S%03d" % n for n in range(150)]
    inbox = queue.Queue(maxsize=50)
    stop = threading.Event()
    worker = Worker(inbox, Ledger(skus), Demand(skus, days=365))
    worker.start()
    feeder = threading.Thread(target=produce, args=(inbox, skus, stop), name="feeder", daemon=True)
    feeder.start()
    print("booking", flush=True)
    try:
        while True:
            time.sleep(5)
            inbox.join()
    except KeyboardInterrupt:
        stop.set()


if __name__ == "__main__":
    main()
