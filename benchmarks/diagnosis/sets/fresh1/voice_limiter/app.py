"""Levels voice messages before they are stored. Plain ASGI, no framework."""
import array
import json
import math
import random
from urllib.parse import parse_qs

from dynamics import Limiter

RATE = 8000
MESSAGES = {}


def record(number):
    rnd = random.Random(number)
    loud = [rnd.choice((2000, 9000, 30000)) for _ in range(8)]
    samples = array.array("h")
    for n in range(2400):
        samples.append(int(loud[n * 8 // 2400] * math.sin(n * 0.21 + rnd.random() * 0.1)))
    return samples


async def startup():
    for number in range(24):
        MESSAGES[number] = record(number)


async def respond(send, status, body, content_type=b"application/json"):
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def lifespan(receive, send):
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await startup()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    parts = scope["path"].strip("/").split("/")
    if len(parts) != 2 or parts[0] != "messages" or not parts[1].isdigit() or int(parts[1]) not in MESSAGES:
        return await respond(send, 404, json.dumps({"error": "no such message"}).encode())
    query = parse_qs(scope["query_string"].decode())
    limiter = Limiter(RATE, ceiling=float(query.get("ceiling", ["12000"])[0]))
    levelled = limiter.process(MESSAGES[int(parts[1])])
    await respond(send, 200, levelled.tobytes(), b"audio/L16")
