"""An event loop that is never idle: of long steps and short ones, or of short ones alone."""

import asyncio
import ctypes
import sys
import time

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: it never outlives its test


def compute(cpu_s):
    end_s = time.thread_time() + cpu_s
    while time.thread_time() < end_s:
        sum(range(200))


async def short_steps():
    while True:
        compute(0.002)
        await asyncio.sleep(0)


async def long_steps():
    while True:
        compute(0.15)
        await asyncio.sleep(0)


async def new_tasks():
    while True:
        await asyncio.ensure_future(once())


async def once():
    compute(0.002)


async def main():
    functions = [long_steps] + 5 * [short_steps] if "blocked" in sys.argv else 40 * [short_steps] + 40 * [new_tasks]
    print("ready", flush=True)  # noqa: T201 - a plain program
    await asyncio.gather(*(function() for function in functions))


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
