"""Help pages of a shop: POST /preview renders the editor's markup."""
import collections
import html
import re
import string
import threading
import time

from flask import Flask, Response, jsonify, request

app = Flask(__name__)
TIMES = collections.deque(maxlen=2000)
STATE = {"mean_ms": 0.0, "p95_ms": 0.0}
PAGE = string.Template("<article><h1>$title</h1><nav>$contents</nav>$body<footer>$words words</footer></article>")
INLINE = [
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"_(\w[^_]*)_"), r"<em>\1</em>"),
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)"), r'<a href="\2">\1</a>'),
]


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def inline(text):
    text = html.escape(text, quote=False)
    for pattern, replacement in INLINE:
        text = pattern.sub(replacement, text)
    return text


def render(title, blocks):
    out, contents, words = [], [], 0
    for number, block in enumerate(blocks):
        words += len(block.split())
        head, _, rest = block.partition(" ")
        if number % 6 == 0:
            out.append('<h2 id="%s">%s</h2>' % (slug(head), html.escape(head)))
            contents.append('<a href="#%s">%s</a>' % (slug(head), html.escape(head)))
        emphasised = re.sub(r"\b(\w{6,})\b", r"**\1**", rest, count=3)
        out.append("<p>" + inline(emphasised) + "</p>")
    return PAGE.substitute(title=html.escape(title), contents=" ".join(contents), body="\n".join(out), words=words)


def statistics():
    while True:
        times = sorted(TIMES)
        if times:
            STATE["mean_ms"] = sum(1000 * spent for spent in times) / len(times)
            STATE["p95_ms"] = 1000 * times[int(0.95 * len(times))]
        time.sleep(0.5)


threading.Thread(target=statistics, daemon=True).start()


@app.get("/statistics")
def show():
    return jsonify(STATE)


@app.post("/preview")
def preview():
    began = time.perf_counter()
    document = request.get_json()
    page = render(document["title"], document["blocks"])
    TIMES.append(time.perf_counter() - began)
    return Response(page, mimetype="text/html")
