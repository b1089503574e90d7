"""Turns machine reports into KPIs: a pool of processes reads JSON lines, checks them and adds the figures up."""
import datetime
import hashlib
import json
import multiprocessing
import random
import time


class Report:
    def __init__(self, document):
        self.machine = document["machine"]
        self.started = datetime.datetime.fromisoformat(document["started"])
        self.log = document["log"]
        self.loads = document["loads"]
        self.seal = document["seal"]

    def trusted(self):
        text = self.machine + "".join(self.log)
        return hashlib.sha1(text.encode()).hexdigest()[:8] == self.seal

    def errors(self):
        words = {}
        for line in self.log:
            level, _, message = line.partition(" ")
            if level == "ERROR":
                key = message.split(":")[0].strip().lower()
                words[key] = words.get(key, 0) + 1
        return words

    def utilisation(self):
        busy = idle = 0.0
        for load in self.loads:
            if load > 0.35:
                busy += load
            else:
                idle += 1.0 - load
        return busy / (busy + idle)


def lines(rnd):
    out = []
    for n in range(40):
        log = ["%s pump %d: step %d done" % (rnd.choice(["INFO", "ERROR"]), n, k) for k in range(90)]
        machine = "m%03d" % rnd.randrange(200)
        out.append(json.dumps({
            "machine": machine,
            "started": "2024-02-%02dT06:00:00" % (1 + n % 28),
            "log": log,
            "loads": [round(rnd.random(), 3) for _ in range(700)],
            "seal": hashlib.sha1((machine + "".join(log)).encode()).hexdigest()[:8],
        }))
    return out


def digest(batch):
    result = {}
    for line in batch:
        report = Report(json.loads(line))
        if report.trusted():
            result[report.machine] = (report.started.isoformat(), report.errors(), report.utilisation())
    return result


def main():
    rnd = random.Random(71)
    batches = [lines(rnd) for _ in range(8)]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print("pool started", flush=True)
        kpis = {}
        while True:
            began = time.monotonic()
            for part in pool.imap(digest, batches):
                kpis.update(part)
            time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
