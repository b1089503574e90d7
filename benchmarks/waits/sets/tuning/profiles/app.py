"""Profiles from a key-value store, by a client of our own over a socket."""
import os

from flask import Flask

import store

app = Flask(__name__)
client = None


@app.before_request
def connect():
    global client
    if client is None:
        client = store.Client("127.0.0.1", int(os.environ["PEER"]))


@app.get("/profile/<name>")
def profile(name):
    fields = client.get(f"profile:{name}")
    return {"name": name, "fields": len(fields)}
