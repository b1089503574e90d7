"""Sends a document in small pieces, each worked out between two awaits."""

import asyncio
import os

from perftools_benchmarks.sched.ready import ready


def piece(number):
    return "".join(chr(97 + (number * step) % 26) for step in range(600)).encode()


async def serve(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
    for number in range(40):
        writer.write(piece(number))
        await writer.drain()
        await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]), backlog=512)
    ready()
    await server.serve_forever()


asyncio.run(main())
