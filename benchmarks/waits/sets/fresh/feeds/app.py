"""Feeds: an asyncio service whose workers take requests from a queue, and ask a peer for each."""
import asyncio
import os


class Feeds:
    def __init__(self):
        self.requests = asyncio.Queue()
        self.peer = int(os.environ["PEER"])

    async def work(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.peer)
        while True:
            name, answer = await self.requests.get()
            writer.write(b"GET " + name + b" 30\n")
            line = await reader.readuntil()
            answer.set_result(line)

    async def serve(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            answer = asyncio.get_running_loop().create_future()
            await self.requests.put((head.split()[1], answer))
            body = await answer
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def main():
    feeds = Feeds()
    workers = [asyncio.ensure_future(feeds.work()) for _ in range(2)]
    server = await asyncio.start_server(feeds.serve, "127.0.0.1", int(os.environ["PORT"]))
    await asyncio.gather(server.serve_forever(), *workers)


asyncio.run(main())
