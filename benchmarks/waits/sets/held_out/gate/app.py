"""A gate with an accept loop of its own, a thread for each connection, and a watchdog."""
import os
import socket
import threading
import time

seen = {}


def verdict(badge):
    with socket.create_connection(("127.0.0.1", int(os.environ["PEER"]))) as peer:
        peer.sendall(b"GET " + badge + b" 65\n")
        parts = []
        while True:
            part = peer.recv(512)
            parts.append(part)
            if part.endswith(b"\n") or not part:
                return b"".join(parts)


def serve(conn):
    with conn:
        while True:
            data = conn.recv(4096)
            if not data:
                break
            body = verdict(b"42")
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def watchdog():
    while True:
        time.sleep(0.5)
        seen.clear()


def main():
    threading.Thread(target=watchdog, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
