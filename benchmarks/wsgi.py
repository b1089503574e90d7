"""The service as a WSGI application: `gunicorn 'perftools_benchmarks.wsgi:create()'`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from .bodies import Codec, codec
from .core import Scorer
from .requests import answer
from .worker import begin

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(scorer: Scorer, json_codec: Codec | None = None) -> Application:
    """The service over `scorer`."""
    used = json_codec or codec()

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(min(length, used.max_body_bytes + 1))
        content_type = environ.get("CONTENT_TYPE", "")
        status, text, kind = answer(scorer, environ["REQUEST_METHOD"], environ["PATH_INFO"], content_type, body, used)
        headers = [("Content-Type", kind), ("Content-Length", str(len(text)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [text]

    return respond


def create() -> Application:
    """The application of one worker, from the settings in the environment."""
    worker = begin()
    return application(worker.scorer, worker.codec)
