"""A service whose requests wait for a peer that is slow: waiting_target.py threads|tasks; or its clients."""

import asyncio
import ctypes
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY


def slow_peer():
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    opened = []

    def accept():
        while True:
            opened.append(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


PEER = slow_peer()


def ask():
    with socket.create_connection(("127.0.0.1", PEER)) as peer:
        peer.settimeout(0.2)
        try:
            return peer.recv(16)  # a thread waits here
        except OSError:
            return b"late"


async def ask_too():
    reader, writer = await asyncio.open_connection("127.0.0.1", PEER)
    try:
        return await asyncio.wait_for(reader.read(16), 0.2)  # a task waits here
    except asyncio.TimeoutError:
        return b"late"
    finally:
        writer.close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + ask())

    def log_message(self, *args):
        pass


async def serve(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + await ask_too())
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def clients(port, count):
    def client():
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)) as conn:
                    conn.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    while conn.recv(4096):
                        pass
            except OSError:
                time.sleep(0.05)

    for _ in range(count):
        threading.Thread(target=client).start()


if __name__ == "__main__":
    if sys.argv[1] == "clients":
        clients(int(sys.argv[2]), 4)
        print("go", flush=True)
    elif sys.argv[1] == "threads":
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print("port", server.server_address[1], flush=True)
        server.serve_forever()
    else:
        asyncio.run(main())
