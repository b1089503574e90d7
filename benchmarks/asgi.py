"""The service as a bare ASGI application."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from . import forms, prctl
from .forms import tables
from .requests import MAX_BODY_BYTES, answer
from .settings import Settings

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Application:
    """Answers inside the event loop, one request at a time: scoring is CPU work and there is nothing to wait for."""

    def __init__(self, scorer: forms.Scorer, on_ready: Callable[[], None] = lambda: None) -> None:
        self.scorer = scorer
        self.on_ready = on_ready

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "http" and (body := await read(receive)) is not None:
            content_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
            status, text = answer(self.scorer, scope["method"], scope["path"], content_type, body)
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(text))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": text})

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.on_ready()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def read(receive: Receive) -> bytes | None:
    """The request's body, of which no more than MAX_BODY_BYTES + 1 is kept; None if the client is gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")[: MAX_BODY_BYTES + 1 - len(body)]
        if not message.get("more_body", False):
            return bytes(body)


def create() -> Application:
    """The application of one worker, from the settings that `serve` left in the environment."""
    settings = Settings.from_environment()
    if settings.allow_tracing:
        prctl.allow_any_tracer()
    if os.getpid() != settings.master_pid:
        prctl.end_with(settings.master_pid)
    table = tables.make(settings.users, settings.dimensions, settings.features, settings.seed)
    return Application(forms.make(settings.form, table), on_ready=lambda: _say_ready(settings.ready_socket))


def _say_ready(abstract_name: str) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready,
        contextlib.suppress(ConnectionRefusedError),  # a worker started again later: nobody waits for it any more
    ):
        ready.sendto(b"ready", b"\0" + abstract_name.encode())
