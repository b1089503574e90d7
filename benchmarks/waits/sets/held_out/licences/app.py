"""Licences: no more than two questions at a time to the office."""
import asyncio
import os

OFFICE = ("127.0.0.1", int(os.environ["PEER"]))
slots = None


class Office:
    async def check(self, number):
        async with slots:
            reader, writer = await asyncio.open_connection(*OFFICE)
            writer.write(b"GET %d 50\n" % number)
            answer = await reader.readline()
            writer.close()
        return answer


class Web(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if data.endswith(b"\r\n\r\n"):
            asyncio.ensure_future(self.answer())

    async def answer(self):
        body = await Office().check(12)
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def main():
    global slots
    slots = asyncio.Semaphore(2)
    loop = asyncio.get_running_loop()
    await loop.create_server(Web, "127.0.0.1", int(os.environ["PORT"]))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
