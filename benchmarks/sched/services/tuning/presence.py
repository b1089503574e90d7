"""Tells who is there, from an event loop; what they did is summed up meanwhile, while requests come in."""

import multiprocessing
import os
import threading
import time

from perftools_benchmarks import prctl
from perftools_benchmarks.sched.ready import ready

EVENTS = [(number % 97, number % 13) for number in range(5000)]
asked_at = multiprocessing.Value("d", 0.0)


class Summary:
    def __init__(self):
        self.counts = {}

    def run(self, parent=None):
        if parent:
            prctl.end_with(parent)
        while True:
            if time.monotonic() - asked_at.value > 0.5:
                time.sleep(0.05)
                continue
            for user, kind in EVENTS:
                self.counts[user] = self.counts.get(user, 0) + kind


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    asked_at.value = time.monotonic()
    body = ",".join(str(user) for user, _ in EVENTS[:300]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


summary = Summary()
if os.environ["VARIANT"] == "apart":
    multiprocessing.get_context("fork").Process(target=summary.run, args=(os.getpid(),), daemon=True).start()
else:
    threading.Thread(target=summary.run, daemon=True).start()
ready()
