"""The service as a bare ASGI application: `uvicorn --factory perftools_benchmarks.asgi:create`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .bodies import Codec, codec
from .core import Scorer
from .requests import answer
from .worker import begin

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Application:
    """Answers inside the event loop, one request at a time: scoring is CPU work and there is nothing to wait for."""

    def __init__(
        self, scorer: Scorer, on_ready: Callable[[], None] = lambda: None, json_codec: Codec | None = None
    ) -> None:
        self.scorer = scorer
        self.on_ready = on_ready
        self.codec = json_codec or codec()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "http" and (body := await read(receive, self.codec.max_body_bytes)) is not None:
            content_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
            status, text, kind = answer(self.scorer, scope["method"], scope["path"], content_type, body, self.codec)
            headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(text))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": text})

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.on_ready()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def read(receive: Receive, most: int) -> bytes | None:
    """The request's body, of which no more than `most` + 1 bytes are kept; None if the client is gone."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return bytes(message.get("body", b"")[: most + 1])
    body = bytearray()
    while message["type"] == "http.request":
        body += message.get("body", b"")[: most + 1 - len(body)]
        if not message.get("more_body", False):
            return bytes(body)
        message = await receive()
    return None


def create() -> Application:
    """The application of one worker, from the settings in the environment."""
    worker = begin()
    return Application(worker.scorer, on_ready=worker.say_ready, json_codec=worker.codec)
