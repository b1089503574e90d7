"""Embeddings: requests are gathered for a moment, and asked for together."""
import os
import socketserver
import threading
import time
import urllib.request

MODEL = f"http://127.0.0.1:{os.environ['PEER']}/embed?delay=40"


class Batcher(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.lock = threading.Lock()
        self.waiting = []

    def ask(self, text):
        done = threading.Event()
        with self.lock:
            self.waiting.append(done)
        done.wait(30)
        return b"0.1 0.2"

    def run(self):
        while True:
            time.sleep(0.05)
            with self.lock:
                batch, self.waiting = self.waiting, []
            if batch:
                urllib.request.urlopen(MODEL).read()
            for done in batch:
                done.set()


batcher = Batcher()


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip():
            while self.rfile.readline().strip():
                pass
            vector = batcher.ask("text")
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(vector), vector))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


batcher.start()
Server(("127.0.0.1", int(os.environ["PORT"])), Session).serve_forever()
