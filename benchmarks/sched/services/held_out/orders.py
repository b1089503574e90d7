"""An order service in FastAPI, with an export that takes about 250 ms to put together."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from perftools_benchmarks import prctl
from perftools_benchmarks.sched.ready import ready, sized

app = FastAPI()
exporter = None


class Export:
    def __init__(self):
        self.lines = []

    def build(self, lines):
        for number in range(lines):
            self.lines.append(self.line(number))
        return "\n".join(sorted(self.lines))

    @staticmethod
    def line(number):
        fields = [str(number), str(number * 17 % 1009), "open" if number % 3 else "paid"]
        fields += [f"{number % day}:{day}" for day in range(1, 20)]
        return ";".join(fields)


def build(lines=None):
    return len(Export().build(lines or LINES))


LINES = sized(build, 0.25)


@app.get("/export")
async def export():
    if exporter is not None:
        return {"size": await run_in_threadpool(exporter.submit(build).result)}
    return {"size": build()}


@app.get("/order")
async def order():
    return {"order": 1}


if os.environ["VARIANT"] == "apart":
    fork = multiprocessing.get_context("fork")
    exporter = ProcessPoolExecutor(1, mp_context=fork, initializer=prctl.end_with, initargs=(os.getpid(),))
    exporter.submit(int).result()  # begins its process before there are connections to inherit
ready()
