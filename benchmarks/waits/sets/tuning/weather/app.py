"""Weather at a place: asyncio alone, a slow station behind it. Stations are refreshed in the background, too."""
import asyncio
import os

PEER = int(os.environ["PEER"])


async def station(place):
    reader, writer = await asyncio.open_connection("127.0.0.1", PEER)
    writer.write(f"GET {place} 90\n".encode())
    line = await reader.readline()
    writer.close()
    return line


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await station(head.split()[1].decode())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def refresh():
    while True:
        await asyncio.sleep(2)


async def main():
    refreshing = asyncio.create_task(refresh())
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    async with server:
        await server.serve_forever()
    refreshing.cancel()


asyncio.run(main())
