"""Checks the fares of a tram company against its tariff, one vehicle at a time."""
import json
import random
import time

import pandas as pd

LINES = {1: 1.10, 2: 1.35, 5: 0.95, 9: 1.60}
TRIPS = 14
TAPS = 8000
PERIOD_S = 0.008


class Vehicle:
    def __init__(self, number, source):
        self.number = number
        self.trips = [
            {
                "trip": trip,
                "line": source.choice(list(LINES)),
                "zones": source.randint(1, 5),
                "reduced": source.random() < 0.2,
            }
            for trip in range(TRIPS)
        ]
        self.due = [source.choice((1.9, 2.3, 2.8, 3.4)) for _ in range(TAPS)]
        self.charged = [fare if source.random() < 0.97 else fare - 0.4 for fare in self.due]


def tariff_fares(trips):
    frame = pd.DataFrame(trips)
    frame["fare"] = 0.0
    for i in range(len(frame)):
        fare = LINES[frame["line"].iloc[i]] + 0.55 * frame["zones"].iloc[i]
        if frame["reduced"].iloc[i]:
            fare *= 0.6
        frame.loc[i, "fare"] = round(fare, 2)
    return frame["fare"].tolist()


def undercharged(due, charged):
    missing = 0.0
    taps = 0
    for wanted, got in zip(due, charged):
        gap = wanted - got
        if gap > 0.001:
            missing += gap
            taps += 1
    return missing, taps


def audit(vehicle):
    fares = tariff_fares(vehicle.trips)
    missing, taps = undercharged(vehicle.due, vehicle.charged)
    return {
        "vehicle": vehicle.number,
        "highest": max(fares),
        "missing": round(missing, 2),
        "taps": taps,
    }


def main():
    source = random.Random(41)
    fleet = [Vehicle(number, source) for number in range(40)]
    print("fleet of", len(fleet))
    due = time.monotonic()
    turn = 0
    while True:
        report = audit(fleet[turn % len(fleet)])
        turn += 1
        if turn % 500 == 0:
            print(json.dumps(report))
        due = max(due + PERIOD_S, time.monotonic() - 1.0)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
