import atexit
import shutil
import subprocess

PYTHON = "python3.9"
WORK = '''
import sys


class Item:
    def __init__(self, id, weights):
        self.id = id
        self.weights = weights

    def score(self, query):
        total = 0.0
        for a, b in zip(query, self.weights):
            total += a * b
        return total


kept = {}
query = [at / 7 for at in range(16)]
for line in sys.stdin:
    n = int(line)
    if n not in kept:
        kept[n] = [Item(at, [(at * k % 11) / 11 for k in range(16)]) for at in range(n)]
    best = None
    for item in kept[n]:
        score = item.score(query)
        if best is None or score > best[1]:
            best = item.id, score
    print(best[0] if best else -1, flush=True)
'''
_workers = []


def worker():
    """A process of that interpreter, started once."""
    if not _workers:
        command = [shutil.which(PYTHON), "-I", "-c", WORK]
        process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(process.kill)
        _workers.append(process)
    return _workers[0]


def score(n):
    worker().stdin.write(f"{n}\n")
    worker().stdin.flush()
    return int(worker().stdout.readline())
