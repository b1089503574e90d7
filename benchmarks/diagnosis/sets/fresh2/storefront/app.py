"""A shop's article pages: text search, highlighted snippets, rendered templates."""
import asyncio
import html
import json
import re
import threading
import time
from string import Template
from urllib.parse import parse_qs

from catalogue import load

articles, by_word = load(1500)
popularity = [1.0] * len(articles)
views = [0] * len(articles)
PAGE = Template("<article id='a$number'><h2>$title</h2><p>$snippet</p><span>$price</span><i>$tags</i></article>")


def refresh():
    while True:
        time.sleep(0.5)
        top = max(views) or 1
        popularity[:] = [0.9 * p + 0.1 * v / top for p, v in zip(popularity, views)]


threading.Thread(target=refresh, daemon=True).start()


def snippet(text, words):
    pattern = re.compile(r"\b(%s)\w*" % "|".join(map(re.escape, words)), re.I)
    found = pattern.search(text)
    start = max(0, found.start() - 60) if found else 0
    return pattern.sub(r"<b>\g<0></b>", html.escape(text[start:start + 240]))


def render(number, words):
    article = articles[number]
    views[number] += 1
    return PAGE.substitute(
        number=number,
        title=html.escape(article["title"].title()),
        snippet=snippet(article["text"], words),
        price="{:,.2f} EUR".format(article["price"]),
        tags=", ".join(sorted(tag.strip().lower() for tag in article["tags"].split(";"))),
    )


def search(words, limit):
    hits = set.intersection(*(by_word.get(word, set()) for word in words)) if words else set()
    shown = sorted(hits)[:limit]
    facets = {}
    for number in shown:
        for tag in articles[number]["tags"].split(";"):
            facets[tag] = facets.get(tag, 0) + 1
    return {"hits": len(hits), "facets": facets, "pages": [render(number, words) for number in shown]}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    query = parse_qs(scope["query_string"].decode())
    document = search(query.get("q", [""])[0].lower().split(), int(query.get("limit", ["40"])[0]))
    await asyncio.sleep(0)
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
