"""Answers from a ranking that is made anew, over and over, while requests come in."""

import multiprocessing
import os
import threading
import time

from perftools_benchmarks import prctl
from perftools_benchmarks.sched.ready import ready

SCORES = {player: player * 7919 % 10007 for player in range(3000)}
asked_at = multiprocessing.Value("d", 0.0)


def refresh():
    while True:
        if time.monotonic() - asked_at.value > 0.5:
            time.sleep(0.05)
        else:
            rank()


def rank():
    places = {}
    for player, score in SCORES.items():
        places[player] = score * 3 + player % 11
    return places


def apart(parent):
    prctl.end_with(parent)
    refresh()


def app(environ, start_response):
    asked_at.value = time.monotonic()
    body = b"%d" % sum(SCORES[player] for player in range(0, 3000, 3))
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


if os.environ["VARIANT"] == "apart":
    multiprocessing.get_context("fork").Process(target=apart, args=(os.getpid(),), daemon=True).start()
else:
    threading.Thread(target=refresh, daemon=True).start()
ready()
