"""Search: a client that blocks, in an executor of the service's own."""
import asyncio
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, Request

app = FastAPI()
QUERIES = ThreadPoolExecutor(max_workers=16, thread_name_prefix="query")
local = threading.local()


def query(words):
    if not hasattr(local, "sock"):
        local.sock = socket.create_connection(("127.0.0.1", int(os.environ["PEER"])))
    local.sock.sendall(b"GET %s 90\n" % words)
    return local.sock.recv(1 << 16)


@app.middleware("http")
async def tag(request: Request, call_next):
    response = await call_next(request)
    response.headers["x-service"] = "search"
    return response


@app.get("/search")
async def search(q: str):
    loop = asyncio.get_running_loop()
    hits = await loop.run_in_executor(QUERIES, query, q.encode())
    return {"q": q, "size": len(hits)}
