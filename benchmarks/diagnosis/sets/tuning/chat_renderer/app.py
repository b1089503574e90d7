"""Renders chat messages to HTML; a background thread keeps the statistics of reply times."""
import html
import json
import os
import random
import re
import threading
import time
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

EMOJI = {":smile:": "\U0001f604", ":heart:": "\u2764", ":tada:": "\U0001f389"}
LINK = re.compile(r"(https?://[^\s<]+)")
BOLD = re.compile(r"\*([^*]+)\*")
CODE = re.compile(r"`([^`]+)`")


def render(message):
    text = html.escape(message["text"])
    text = LINK.sub(r'<a href="\1" rel="nofollow">\1</a>', text)
    text = BOLD.sub(r"<b>\1</b>", text)
    text = CODE.sub(r"<code>\1</code>", text)
    for short, symbol in EMOJI.items():
        text = text.replace(short, symbol)
    paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n") if part.strip())
    return f'<li class="{"own" if message.get("own") else "other"}"><h4>{message["author"].title()}</h4>{paragraphs}</li>'


class ReplyTimes(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        rnd = random.Random(10)
        self.samples = [rnd.expovariate(0.1) for _ in range(4000)]
        self.mean = self.spread = 0.0

    def run(self):
        while True:
            total = 0.0
            squares = 0.0
            for sample in self.samples:
                total += sample
                squares += sample * sample
            n = len(self.samples)
            self.mean = total / n
            self.spread = (squares / n - self.mean**2) ** 0.5
            time.sleep(0.25)


def application(environ, start_response):
    try:
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        messages = json.loads(raw)["messages"]
        page = "<ul>" + "".join(render(message) for message in messages) + "</ul>"
        status = "200 OK"
    except (ValueError, KeyError, TypeError):
        status, page = "400 Bad Request", "<p>messages are needed</p>"
    body = page.encode()
    start_response(status, [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ReplyTimes().start()
    make_server("127.0.0.1", int(os.environ["PORT"]), application, WSGIServer, Quiet).serve_forever()
