"""k nearest neighbours by cosine."""
import json

import numpy as np

from index import ChunkedIndex

DIMENSIONS = 96
index = ChunkedIndex(DIMENSIONS)
index.fill(120_000, seed=9)


def answer(payload):
    query = np.asarray(payload["vector"], dtype=np.float32)
    if query.shape != (DIMENSIONS,):
        raise ValueError("vector has %d numbers" % DIMENSIONS)
    query /= np.linalg.norm(query)
    ids, scores = index.search(query, int(payload.get("k", 10)))
    return {"ids": ids.tolist(), "scores": scores.round(4).tolist()}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    try:
        status, document = 200, answer(json.loads(b"".join(chunks)))
    except (ValueError, KeyError, TypeError) as problem:
        status, document = 400, {"error": str(problem)}
    body = json.dumps(document).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
