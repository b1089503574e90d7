"""Tasks that wait, each in its own way. The line that waits says in a comment which task waits there, and for what."""

# ruff: noqa: T201, UP036 (a plain program for 3.8 as well)

import contextlib
import ctypes
import sys
import threading
import time
import types

if "--python" in sys.argv:
    sys.modules["_asyncio"] = None  # as where it was not built: asyncio does without
import asyncio

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: it never outlives its test


async def sleeping():
    await asyncio.sleep(1000)  # sleeping: sleep


async def locked(lock):
    text = "one"
    async with lock:  # locked: Lock
        return text


async def queued():
    return await asyncio.Queue().get()  # queued: Queue


async def reading(reader):
    return await reader.readline()  # reading: StreamReader


async def gathering():
    await asyncio.gather(asyncio.sleep(1000), asyncio.sleep(1000))  # gathering: gather


async def limited():
    await asyncio.wait_for(  # limited: Event
        asyncio.Event().wait(),
        1000,
    )


async def waiting_for_one():
    await asyncio.wait([asyncio.ensure_future(asyncio.sleep(1000))])  # waiting_for_one: wait


async def ticks():
    for number in range(10):
        yield number
        await asyncio.sleep(1000)  # generating: sleep


async def generating():
    async for _ in ticks():
        pass


@contextlib.asynccontextmanager
async def resource():
    await asyncio.sleep(1000)  # managed: sleep
    yield


async def managed():
    async with resource():
        pass


async def threaded():
    await asyncio.to_thread(time.sleep, 1000)  # threaded: to_thread


async def in_executor(pool=None):
    await asyncio.get_running_loop().run_in_executor(pool, time.sleep, 1000)  # in_executor: Future


async def on_a_task():
    await asyncio.ensure_future(asyncio.sleep(1000))  # on_a_task: Task


async def on_a_future():
    await asyncio.get_running_loop().create_future()  # on_a_future: Future


class Wrapped:
    def __await__(self):
        return self.run().__await__()

    async def run(self):
        await asyncio.sleep(1000)  # wrapped: sleep


async def wrapped():
    await Wrapped()


@types.coroutine
def old_style():
    for _ in (1,):
        yield from asyncio.sleep(1000).__await__()  # old: sleep


async def old():
    await old_style()


async def deep(levels=40):
    if levels:
        await deep(levels - 1)
    else:
        await asyncio.sleep(1000)  # deep: sleep


async def grouped():
    async with asyncio.TaskGroup() as group:  # grouped: TaskGroup
        group.create_task(asyncio.sleep(1000))


async def eager():
    await asyncio.sleep(1000)  # eager: sleep


async def subclassed():
    await asyncio.sleep(1000)  # subclassed: sleep


async def in_python():
    await asyncio.sleep(1000)  # in_python: sleep


async def unnamed():
    await asyncio.sleep(1000)  # Task-: sleep


async def elsewhere():
    await asyncio.sleep(1000)  # elsewhere: sleep


async def never_answers(reader, writer):
    await asyncio.sleep(1000)


async def finished():
    return 1


async def restless():
    while True:
        await step()
        await asyncio.sleep(0.0005)


async def step():
    await asyncio.sleep(0.001)


async def blocked():
    print("ready blocked not_begun", flush=True)
    compute()


def compute():
    time.sleep(1000)  # blocked:


async def not_begun():
    await asyncio.sleep(1000)


class OwnTask(asyncio.Task):
    """A task with attributes of its own."""


async def start():
    """Everything, and what keeps it alive."""
    loop, lock = asyncio.get_running_loop(), asyncio.Lock()
    await lock.acquire()
    server = await asyncio.start_server(never_answers, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    plain = [sleeping, queued, gathering, limited, waiting_for_one, generating, managed, in_executor, on_a_task]
    plain += [on_a_future, wrapped, old, deep, finished]
    if sys.version_info >= (3, 9):
        plain.append(threaded)
    if sys.version_info >= (3, 11):
        plain.append(grouped)
    tasks = [loop.create_task(function(), name=function.__name__) for function in plain]
    tasks += [loop.create_task(locked(lock), name="locked"), loop.create_task(reading(reader), name="reading")]
    tasks.append(OwnTask(subclassed(), loop=loop, name="subclassed"))
    tasks.append(asyncio.tasks._PyTask(in_python(), loop=loop, name="in_python"))
    if sys.version_info >= (3, 12):
        tasks.append(asyncio.eager_task_factory(loop, eager(), name="eager"))
    return tasks, lock, server, writer, loop.create_task(unnamed())


async def main():
    kept = [await start()]
    await asyncio.sleep(0.1)
    names = [task.get_name() for task in kept[0][0] if not task.done()]
    if "--restless" in sys.argv:
        kept += [asyncio.ensure_future(restless()) for _ in range(10)]
    if "--blocked" in sys.argv:
        kept += [asyncio.ensure_future(blocked()), asyncio.ensure_future(not_begun())]
        kept[1].set_name("blocked")
        kept[2].set_name("not_begun")
        await asyncio.sleep(0)
        return
    print("ready", *names, flush=True)
    await asyncio.Event().wait()


async def many(count):
    async def outer():
        await inner()

    async def inner():
        await asyncio.sleep(1000)

    kept = [asyncio.ensure_future(outer()) for _ in range(count)]
    await asyncio.sleep(0.1)
    print("ready", len(kept), flush=True)
    await asyncio.sleep(1000)


def other_loop():
    asyncio.run(elsewhere())


if "--many" in sys.argv:
    asyncio.run(many(int(sys.argv[-1])))
threading.Thread(target=other_loop, name="elsewhere", daemon=True).start()
time.sleep(0.1)
asyncio.run(main())
