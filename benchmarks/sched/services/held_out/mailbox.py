"""Long polling: each of many threads holds a request until a message arrives, every 300 ms."""

import os
import socket
import threading
import time

from perftools_benchmarks.sched.ready import ready

arrived = threading.Condition()
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=512)


def serve():
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            with arrived:
                arrived.wait()
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nmail")


for _ in range(int(os.environ["THREADS"])):
    threading.Thread(target=serve, daemon=True).start()
ready()
while True:
    time.sleep(0.3)
    with arrived:
        arrived.notify_all()
