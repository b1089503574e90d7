#!/usr/bin/env python
"""nightly customer segmentation, run as a daemon: each child clusters one country"""
import multiprocessing
import os
import random
import signal
import sys
import time

import kmeans

COUNTRIES = ["at", "ch"]
WIDTH = 9


def customers(country):
    r = random.Random(sum(map(ord, country)))
    middle = [[r.uniform(0, 10) for _ in range(WIDTH)] for _ in range(6)]
    out = []
    for _ in range(1500):
        m = r.choice(middle)
        out.append([x + r.gauss(0, 1.5) for x in m])
    return out


def child(country, connection):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    people = customers(country)
    centres = people[:6]
    while True:
        started = time.time()
        labels = kmeans.assign(people, centres)
        centres = kmeans.recentre(people, labels, len(centres))
        connection.send((country, [labels.count(n) for n in range(len(centres))]))
        pause = 0.032 - (time.time() - started)
        if pause > 0:
            time.sleep(pause)


def main():
    multiprocessing.set_start_method("fork")
    here, there = multiprocessing.Pipe(duplex=False)
    children = []
    for country in COUNTRIES:
        p = multiprocessing.Process(target=child, args=(country, there), name="segments-" + country)
        p.daemon = True
        p.start()
        children.append(p)
    sys.stdout.write("%d started %d children\n" % (os.getpid(), len(children)))
    sys.stdout.flush()
    sizes = {}
    while all(p.is_alive() for p in children):
        if here.poll(0.5):
            country, counts = here.recv()
            sizes[country] = counts
    sys.exit("a child died")


if __name__ == "__main__":
    main()
