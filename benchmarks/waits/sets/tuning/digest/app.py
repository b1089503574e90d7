"""Digests of texts, by consumers of a queue that is never empty; a thread that reports sleeps beside them."""
import queue
import threading
import time

JOBS = queue.Queue(maxsize=64)
DONE = []


def words(text):
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return max(counts.values())


def consume():
    while True:
        text = JOBS.get()
        DONE.append(words(text))


def report():
    while True:
        time.sleep(1)
        DONE.clear()


for _ in range(3):
    threading.Thread(target=consume, daemon=True).start()
threading.Thread(target=report, daemon=True).start()
print("ready", flush=True)
number = 0
while True:
    number += 1
    JOBS.put("the quick brown fox jumps over the lazy dog %d " % number * 200)
