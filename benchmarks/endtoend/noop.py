"""A server that does nothing: it finds the end of each request and gives a constant answer.

    python -m perftools_benchmarks.endtoend.noop PARENT

The load generator must reach far more with it than with any service that it measures.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import cast

from .. import prctl

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class NoOp(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if len(self._received) >= end + 4 + length:
            self._received.clear()
            self._transport.write(ANSWER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(NoOp, "127.0.0.1", 0)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]} pid {os.getpid()}", flush=True)
    await server.serve_forever()


def main() -> None:
    prctl.end_with(int(sys.argv[1]))
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    asyncio.run(serve())


if __name__ == "__main__":
    main()
