"""What a scenario is: a service in one of its settings, under a load, audited; and all of them, by set."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Server = Literal["reference", "uvicorn", "gunicorn", "gthread", "script"]
"""What runs the workers: the reference service, uvicorn, gunicorn with workers of one or of several threads, itself."""

FIGHT, GIL, LOOP = "oversubscribed", "gil-bound", "event-loop-blocked"
RULES = (FIGHT, GIL, LOOP, "cpu-throttled")
"""The rules whose alarms are judged here."""


class Setting(NamedTuple):
    """One way to run a service."""

    workers: int = 1
    native: int = 1
    """Threads of BLAS and OpenMP that the environment asks for."""
    threads: int = 1
    """Threads of a worker for requests, or in its executor."""
    variant: str = ""
    """Of the service's code."""

    def __str__(self) -> str:
        parts = [f"{self.workers} x {self.native}"]
        parts += [f"{self.threads} threads"] if self.threads > 1 else []
        return ", ".join([*parts, *filter(None, [self.variant])])


class Load(NamedTuple):
    """So many clients, each with one request at a time; a new connection for each, so that all workers get some."""

    clients: int = 16
    paths: tuple[str, ...] = ("/",)
    """Client number i asks for paths[i % len(paths)], again and again."""
    payload: Mapping[str, Any] | None = None
    """Posted as JSON."""
    think_s: float = 0.0
    """Between an answer and the next request."""


class Service(NamedTuple):
    """A service, and the settings in which it is compared with itself."""

    name: str
    server: Server
    settings: tuple[Setting, ...]
    """Each is a scenario: audited and judged, against the best of all."""
    app: str = ""
    """Module in `services/SET`; the reference service has none."""
    load: Load = Load()
    rules: frozenset[str] = frozenset()
    """Those that would be right about it, where a setting is harmful."""
    remedies: Mapping[str, Setting] = {}
    """By rule: the setting that does what it advises, where that is a change of the code."""
    quota: float | None = None
    """CPUs of a control group for it."""
    hogs: int = 0
    """Programs beside it that want a CPU each."""
    needs: tuple[str, ...] = ()
    """Packages, beside those of its server."""

    def missing(self) -> list[str]:
        """Packages that are not installed."""
        servers = {"reference": ("uvicorn", "numpy"), "script": (), "gthread": ("gunicorn",)}
        packages = (*servers.get(self.server, (self.server,)), *self.needs)
        return [package for package in packages if importlib.util.find_spec(package) is None]


def sets() -> dict[str, tuple[Service, ...]]:
    """Those on which the rules were tuned, and those that nobody had looked at before they were judged."""
    from . import held_out, tuning

    return {"tuning": tuning.SERVICES, "held-out": held_out.SERVICES}
