"""Prices on a bare event loop that computes all the time."""
import asyncio
import os


def simulate(steps):
    price = 100.0
    for step in range(steps):
        price += ((step * 7919) % 101 - 50) / 1000 * price / 100
    return price


async def handle(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    total = 0.0
    for _ in range(4):
        total += simulate(9000)
        await asyncio.sleep(0)
    body = b"%f" % total
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.close()


async def main():
    async with await asyncio.start_server(handle, "127.0.0.1", int(os.environ["PORT"])) as server:
        await server.serve_forever()


asyncio.run(main())
