"""A slow peer: answers HTTP after `?delay=MS`, and the line "GET KEY MS" after so many milliseconds.

Prints its port, and ends with its input. Each connection may ask again and again.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            words = line.split()
            if words[-1].startswith(b"HTTP/"):
                while (await reader.readline()).strip():
                    pass
                found = re.search(rb"delay=(\d+)", words[1])
                await asyncio.sleep(int(found[1]) / 1000 if found else 0)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nvalue")
            else:
                await asyncio.sleep(int(words[-1]) / 1000)
                writer.write(b"value of " + words[1] + b"\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, os.read, sys.stdin.fileno(), 1)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(_main())
