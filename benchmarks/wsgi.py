"""The service as a WSGI application: `gunicorn 'perftools_benchmarks.wsgi:app("lists")'`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from . import forms, prctl
from .forms import tables
from .requests import MAX_BODY_BYTES, answer

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def app(
    form: str = "lists",
    *,
    users: int = 20_000,
    dimensions: int = 64,
    features: int = 20,
    seed: int = 1,
    allow_tracing: bool = False,
) -> Application:
    """One worker's application over its own tables."""
    if allow_tracing:
        prctl.allow_any_tracer()
    scorer = forms.make(form, tables.make(users, dimensions, features, seed))

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(min(length, MAX_BODY_BYTES + 1))
        content_type = environ.get("CONTENT_TYPE", "")
        status, text = answer(scorer, environ["REQUEST_METHOD"], environ["PATH_INFO"], content_type, body)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [text]

    return application
