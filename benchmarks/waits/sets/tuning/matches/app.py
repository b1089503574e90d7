"""Matches: a short question to a store, then a loop in Python, all in async def."""
import asyncio
import os

from fastapi import FastAPI

app = FastAPI()
PEER = int(os.environ["PEER"])
PEERS = [[(n * m) % 17 / 17 for m in range(24)] for n in range(900)]


async def known(user: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", PEER)
    writer.write(b"GET user:%d 2\n" % user)
    line = await reader.readline()
    writer.close()
    return line


@app.get("/match/{user}")
async def match(user: int):
    await known(user)
    mine = PEERS[user % len(PEERS)]
    scores = [sum(a * b for a, b in zip(mine, other)) for other in PEERS]
    return {"best": max(scores)}
