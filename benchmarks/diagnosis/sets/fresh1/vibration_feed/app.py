"""Watches the bearings of a paper mill: a child process for each line turns raw acceleration into alarms."""
import multiprocessing as mp
import random
import struct
import time

import condition

LINES = ("press", "dryer")
SENSORS = 12
BLOCK = 1600


def make_blocks(seed):
    rnd = random.Random(seed)
    blocks = []
    for _ in range(9):
        phase = rnd.random()
        counts = [round(900 * rnd.gauss(0.0, 1.0) + ((n + phase) % 40 < 2) * 2700) for n in range(BLOCK)]
        blocks.append(struct.pack("<%dh" % BLOCK, *counts))
    return blocks


def run_line(line, alarms):
    blocks = make_blocks(len(line))
    monitor = condition.Monitor(line)
    turn = 0
    due = time.monotonic()
    while True:
        for sensor in range(SENSORS):
            alarm = monitor.feed(sensor, blocks[(turn + sensor) % len(blocks)])
            if alarm:
                alarms.put(alarm)
        turn += 1
        due = max(due + 0.015, time.monotonic() - 1.0)
        time.sleep(max(0.002, due - time.monotonic()))


def main():
    context = mp.get_context("spawn")
    alarms = context.Queue()
    children = [context.Process(target=run_line, args=(line, alarms), daemon=True, name=line) for line in LINES]
    for child in children:
        child.start()
    print("watching", ", ".join(LINES), flush=True)
    counts = {}
    while True:
        line, sensor, level = alarms.get()
        counts[line, sensor] = counts.get((line, sensor), 0) + 1


if __name__ == "__main__":
    main()
