"""Explains search queries: parses the query language, highlights it in documents, counts the terms asked for."""
import os
import random
import re
from collections import Counter

from flask import Flask, abort, jsonify, request
from markupsafe import escape

from query import QueryError, parse, terms, unparse

app = Flask(__name__)
asked = Counter()

STEMS = "river cloud table green orbit lemon paper stone quick valley amber north harbour signal window".split()
ENDINGS = ["", "s", "ed", "ing", "er"]


def make_documents(count):
    rnd = random.Random(9)
    return [
        {
            "id": n,
            "text": ". ".join(
                " ".join(rnd.choice(STEMS) + rnd.choice(ENDINGS) for _ in range(11)).capitalize() for _ in range(7)
            ),
        }
        for n in range(count)
    ]


DOCUMENTS = make_documents(250)


def stem(word):
    for ending in ("ing", "ed", "er", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word[: -len(ending)]
    return word


def highlight(text, words):
    if not words:
        return str(escape(text)), 0
    pattern = re.compile(r"\b(%s)(\w*)" % "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)),
                         re.IGNORECASE)
    hits = 0

    def mark(match):
        nonlocal hits
        hits += 1
        return "<mark>%s</mark>%s" % (match.group(1), match.group(2))

    return pattern.sub(mark, str(escape(text))), hits


@app.route("/search")
def search():
    try:
        tree = parse(request.args.get("q", ""))
    except QueryError as exc:
        abort(400, str(exc))
    words = {stem(word.lower()) for word in terms(tree)}
    asked.update(words)
    found = []
    for document in DOCUMENTS[request.args.get("from", 0, type=int):][:25]:
        marked, hits = highlight(document["text"], words)
        counts = Counter(stem(word) for word in re.findall(r"[a-z]+", document["text"].lower()))
        found.append({"id": document["id"], "html": marked, "hits": hits, "common": counts.most_common(3)})
    found.sort(key=lambda item: (-item["hits"], item["id"]))
    return jsonify(query=unparse(tree), results=found[:10], popular=asked.most_common(5))


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run("127.0.0.1", int(os.environ["PORT"]), threaded=True)
