"""The best of three offers, each asked for with a time limit."""
import asyncio
import os

from fastapi import FastAPI

app = FastAPI()
PEER = int(os.environ["PEER"])


async def offer(shop: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", PEER)
    try:
        writer.write(b"GET offer:%d %d\n" % (shop, 60 + 20 * shop))
        return len(await reader.readline())
    finally:
        writer.close()


@app.get("/best/{item}")
async def best(item: int):
    asked = [asyncio.wait_for(offer(shop), timeout=5) for shop in range(3)]
    offers = await asyncio.gather(*asked)
    return {"item": item, "best": min(offers)}
