"""A ranking in Python, below a lock that only one thread at a time can hold."""
import threading

from flask import Flask

app = Flask(__name__)
LOCK = threading.Lock()
ROWS = [[(n * m) % 31 / 31 for m in range(30)] for n in range(600)]


@app.get("/rank")
def rank():
    with LOCK:
        best = sorted(sum(x * x for x in row) for row in ROWS * 3)
    return {"best": best[-1]}
