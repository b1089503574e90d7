"""Stock levels of several shops, on an old Python: each question has a time limit."""
import asyncio
import os

PEER = int(os.environ["PEER"])


async def level(shop):
    reader, writer = await asyncio.open_connection("127.0.0.1", PEER)
    try:
        writer.write(b"GET stock:%d 75\n" % shop)
        return await reader.readuntil(b"\n")
    finally:
        writer.close()


async def levels():
    found = []
    for shop in range(2):
        found.append(await asyncio.wait_for(level(shop), 5))
    return b" ".join(found)


async def handle(reader, writer):
    try:
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            body = await levels()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    except ConnectionError:
        pass


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


asyncio.get_event_loop().run_until_complete(main())
