"""Watches the feeders of a substation and raises alarms on unusual load."""
import time

from alarms import AlarmBook
from baseline import Baseline
from source import FeederSource


class Substation(object):
    def __init__(self, name, feeder_count):
        self.name = name
        self.sources = [FeederSource("%s/%02d" % (name, n), seed=n) for n in range(feeder_count)]
        self.baselines = {source.key: Baseline(capacity=480) for source in self.sources}
        self.alarms = AlarmBook(limit=200)
        self.rounds = 0

    def preload(self):
        for source in self.sources:
            baseline = self.baselines[source.key]
            for _ in range(baseline.capacity):
                baseline.add(source.read())

    def poll(self):
        for source in self.sources:
            reading = source.read()
            baseline = self.baselines[source.key]
            deviation = baseline.deviation_of(reading)
            if deviation > 4.0:
                self.alarms.raise_alarm(source.key, reading, deviation)
            else:
                self.alarms.clear(source.key)
            baseline.add(reading)
        self.rounds += 1

    def report(self):
        return "%s round %d: %d open alarms, %s" % (
            self.name, self.rounds, self.alarms.open_count(), self.alarms.last_line()
        )


class Scheduler(object):
    def __init__(self, period_s):
        self.period_s = period_s

    def run(self, station):
        due = time.monotonic()
        while True:
            station.poll()
            if station.rounds % 50 == 1:
                print(station.report())
            due = max(due + self.period_s, time.monotonic() - self.period_s)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    station = Substation("north", 24)
    station.preload()
    Scheduler(0.018).run(station)


if __name__ == "__main__":
    main()
