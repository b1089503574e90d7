"""Speaks with the parcel scanners: unpacks their frames, prices the parcels, hands them on to the hubs."""
import json
import pickle
import queue
import random
import threading
import time

from frames import Decoder, encode
from rules import price

HUBS = ("north", "south", "east", "west", "air")


def scanner(port, seed):
    rnd = random.Random(seed)
    waiting = []
    for n in range(80):
        parcel = {
            "id": "%s-%06d" % (seed, n),
            "kg": round(rnd.uniform(0.1, 30), 2),
            "sides": [rnd.randrange(5, 120) for _ in range(3)],
            "flags": rnd.sample(["fragile", "island", "evening", "insured", "return"], rnd.randrange(4)),
            "to": {"hub": rnd.choice(HUBS), "street": "Lane %d" % rnd.randrange(99), "name": "N. N."},
            "trail": [{"at": 1700000000 + 60 * k, "where": rnd.choice(HUBS)} for k in range(9)],
        }
        waiting.append(encode(json.dumps(parcel).encode()))
    n = 0
    while True:
        chunk = b"".join(waiting[(n + k) % len(waiting)] for k in range(4))
        cut = rnd.randrange(1, len(chunk))
        port.put((seed, chunk[:cut]))
        port.put((seed, chunk[cut:]))
        n += 4
        time.sleep(0.012)


class Hub(threading.Thread):
    def __init__(self, name):
        super().__init__(name="hub-" + name, daemon=True)
        self.inbox = queue.Queue()
        self.known = {}

    def run(self):
        while True:
            parcel = pickle.loads(self.inbox.get())
            self.known[parcel["id"]] = parcel
            if len(self.known) > 400:
                self.known.pop(next(iter(self.known)))


def watchdog(decoders):
    while True:
        time.sleep(30)
        for name, decoder in list(decoders.items()):
            print(name, "bad frames:", decoder.bad, flush=True)


def main():
    port = queue.Queue(maxsize=500)
    hubs = {name: Hub(name) for name in HUBS}
    decoders = {}
    for hub in hubs.values():
        hub.start()
    for seed in ("dock1", "dock2", "dock3"):
        threading.Thread(target=scanner, args=(port, seed), daemon=True, name=seed).start()
    for n in range(12):
        threading.Thread(target=watchdog, args=(decoders,), daemon=True, name="watch%d" % n).start()
    print("listening to the scanners", flush=True)
    while True:
        source, data = port.get()
        decoder = decoders.setdefault(source, Decoder())
        for payload in decoder.feed(data):
            parcel = json.loads(payload)
            parcel["price"] = price(parcel)
            hubs[parcel["to"]["hub"]].inbox.put(pickle.dumps(parcel, protocol=4))


if __name__ == "__main__":
    main()
