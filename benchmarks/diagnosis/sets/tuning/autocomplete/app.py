"""Autocompletes queries from a trie, and keeps the most popular ones in a bounded heap."""
import heapq
import itertools
import json
import os
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PARTS = "an be co da el fo gi ha in jo ka le mi no op pa qui ro sa te".split()


class Node:
    __slots__ = ("children", "count")

    def __init__(self):
        self.children = {}
        self.count = 0


class Trie:
    def __init__(self):
        self.root = Node()

    def add(self, text, count):
        node = self.root
        for letter in text:
            node = node.children.setdefault(letter, Node())
        node.count += count

    def walk(self, node, prefix):
        if node.count:
            yield node.count, prefix
        for letter, child in node.children.items():
            yield from self.walk(child, prefix + letter)

    def complete(self, prefix, limit):
        node = self.root
        for letter in prefix:
            node = node.children.get(letter)
            if node is None:
                return []
        heap = []
        for count, text in self.walk(node, prefix):
            if len(heap) < limit:
                heapq.heappush(heap, (count, text))
            elif count > heap[0][0]:
                heapq.heapreplace(heap, (count, text))
        return [text for _, text in sorted(heap, reverse=True)]


def build(seed=50):
    rnd = random.Random(seed)
    trie = Trie()
    for parts in itertools.product(PARTS, repeat=3):
        trie.add("".join(parts), rnd.randrange(1, 5000))
    return trie


trie = build()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        prefix = self.path.rpartition("=")[2].lower()
        body = json.dumps({"prefix": prefix, "queries": trie.complete(prefix, 10)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def sleeper():
    while True:
        time.sleep(30)


if __name__ == "__main__":
    for _ in range(6):
        threading.Thread(target=sleeper, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
