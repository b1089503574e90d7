"""Documents of an archive whose client is synchronous: each call in a thread of the loop's own pool."""
import asyncio
import os
import urllib.request

ARCHIVE = f"http://127.0.0.1:{os.environ['PEER']}/document?delay=120"


def document(number):
    return urllib.request.urlopen(f"{ARCHIVE}&n={number}").read()


async def serve(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    body = await asyncio.to_thread(document, len(head))
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.close()


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"])) as server:
        await server.serve_forever()


asyncio.run(main())
