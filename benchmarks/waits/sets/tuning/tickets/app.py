"""Tickets from a vendor that takes one call at a time."""
import os
import threading
from http.client import HTTPConnection

from flask import Flask

app = Flask(__name__)
VENDOR = threading.Lock()


def reserve(seat):
    with VENDOR:
        line = HTTPConnection("127.0.0.1", int(os.environ["PEER"]))
        line.request("GET", f"/seat/{seat}?delay=50")
        answer = line.getresponse()
        return answer.read()


@app.get("/seat/<int:number>")
def seat(number):
    return {"seat": number, "answer": len(reserve(number))}
