"""A FastAPI service whose handler waits for a slow peer."""

import asyncio
import contextlib
import ctypes

from fastapi import Depends, FastAPI

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: it never outlives its test


async def never_answers(reader, writer):
    await asyncio.sleep(1000)


@contextlib.asynccontextmanager
async def listening(app):
    server = await asyncio.start_server(never_answers, "127.0.0.1", 0)
    app.state.port = server.sockets[0].getsockname()[1]
    yield


app = FastAPI(lifespan=listening)


@app.middleware("http")
async def passed_through(request, call_next):
    return await call_next(request)


async def peer():
    reader, app.state.writer = await asyncio.open_connection("127.0.0.1", app.state.port)
    return reader


async def fetch(reader):
    line = await reader.readline()  # waits for the peer
    return {"line": line.decode()}


@app.get("/slow")
async def slow(reader=Depends(peer)):  # noqa: B008 - FastAPI's way
    return await fetch(reader)
