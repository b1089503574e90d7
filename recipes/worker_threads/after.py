import atexit
import os
import subprocess
import sys

WORKERS, THREADS = 2, 1
WORK = """
import sys
import numpy as np

print("ready", flush=True)
for line in sys.stdin:
    n = int(line)
    random = np.random.default_rng(n)
    a, b = random.random((n, n)), random.random((n, n))
    for _ in range(4):
        c = a @ b
    print(c.shape[0], flush=True)
"""


def started():
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=str(THREADS), OMP_NUM_THREADS=str(THREADS))
    process = subprocess.Popen(
        [sys.executable, "-c", WORK], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(process.kill)
    return process


workers = [started() for _ in range(WORKERS)]
for worker in workers:
    worker.stdout.readline()  # it is ready


def serve(n):
    """Every worker multiplies matrices at the same time."""
    for worker in workers:
        worker.stdin.write(f"{n}\n")
        worker.stdin.flush()
    return [int(worker.stdout.readline()) for worker in workers]
