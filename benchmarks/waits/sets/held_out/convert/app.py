"""Converts documents with a program that a request starts and waits for."""
import subprocess
import sys

PROGRAM = [sys.executable, "-S", "-c", "import time; time.sleep(0.2)"]


def start():
    return subprocess.Popen(PROGRAM, stdin=subprocess.DEVNULL)


def converted():
    process = start()
    code = process.wait(timeout=20)
    return b"%d" % code


def app(environ, start_response):
    body = converted()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
