"""Sessions in a store, over a pool of two connections."""
import contextlib
import os
import queue
import socket
import threading

from fastapi import FastAPI


class Pool:
    def __init__(self, size):
        self.free = threading.BoundedSemaphore(size)
        self.idle = queue.SimpleQueue()

    @contextlib.contextmanager
    def lease(self):
        self.free.acquire()
        try:
            try:
                sock = self.idle.get_nowait()
            except queue.Empty:
                sock = socket.create_connection(("127.0.0.1", int(os.environ["PEER"])))
            yield sock
            self.idle.put(sock)
        finally:
            self.free.release()


POOL = Pool(2)
app = FastAPI()


@app.get("/session/{key}")
def session(key: str):
    with POOL.lease() as sock:
        sock.sendall(b"GET session:%s 60\n" % key.encode())
        data = sock.makefile("rb").readline()
    return {"key": key, "size": len(data)}
