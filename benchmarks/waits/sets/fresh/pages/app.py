"""Pages, put together from parts that all come from one thread: requests queue up at a condition."""
import collections
import threading
import time

from flask import Flask

app = Flask(__name__)
turn = threading.Condition()
line = collections.deque()


def print_pages():
    while True:
        with turn:
            while not line:
                turn.wait()
            job = line.popleft()
        time.sleep(0.05)  # the printer
        with turn:
            job["done"] = True
            turn.notify_all()


threading.Thread(target=print_pages, daemon=True).start()


@app.get("/page/<int:number>")
def page(number):
    job = {"page": number, "done": False}
    with turn:
        line.append(job)
        turn.notify_all()
        while not job["done"]:
            turn.wait(5)
    return job
