"""Which services are measured, and the requests that each is sent."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .. import bodies, core, load
from ..http import Address, message, post

CANDIDATES = 1_000
MESSAGES = 512
"""Different requests: together they read more rows than a last-level cache holds."""
OBJECTS = 32
"""… where each candidate is an object of 20 features: each request has half a megabyte."""
NAIVE = ("--codec", "pydantic", "--http", "plain", "--gc", "default", "--threads", "8")
"""Every layer but the scorer."""


class Setup(NamedTuple):
    """A service, and the kinds of requests that it gets one after the other."""

    name: str
    form: str
    options: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ("JSON",)
    needs: tuple[str, ...] = ()
    """Packages."""


BEFORE = "every layer naive"
SETUPS = (
    Setup(f"pandas_apply, {BEFORE}", "pandas_apply", NAIVE, ("objects",), ("pandas", "pydantic")),
    Setup(f"lists, {BEFORE}", "lists", NAIVE, ("objects",), ("pydantic",)),
    Setup("pandas_apply", "pandas_apply", (), ("JSON",), ("pandas",)),
    Setup("pandas", "pandas", (), ("JSON",), ("pandas",)),
    Setup("lists", "lists"),
    Setup("numpy", "numpy", (), ("no-op", "JSON", "raw")),
    Setup("native", "native", (), ("JSON", "raw"), ("numba",)),
    Setup("cached, refreshed all the time", "cached", ("--refresh", "0.5"), ("JSON",)),
    Setup("numpy, standard library's json", "numpy", ("--codec", "json")),
    Setup(
        "numpy, an object for each candidate, pydantic", "numpy", ("--codec", "pydantic"), ("objects",), ("pydantic",)
    ),
    Setup("numpy, h11, asyncio and an access log", "numpy", ("--http", "plain")),
    Setup("numpy, garbage collector as it comes", "numpy", ("--gc", "default")),
    Setup("lists, garbage collector as it comes", "lists", ("--gc", "default")),
    Setup("numpy, 8 BLAS threads", "numpy", ("--threads", "8")),
)
QUICK = ("pandas_apply", "lists", "numpy", "native", "cached")
"""Of forms; the others are left out where time is short."""


def messages(address: Address, payload: str, users: int) -> Sequence[bytes]:
    """Requests of a kind, seeded."""
    return _KINDS[payload](address, users)


def _json(address: Address, users: int) -> list[bytes]:
    return load.payloads(address, users, CANDIDATES, seed=1, count=MESSAGES)


def _raw(address: Address, users: int) -> list[bytes]:
    choose = random.Random(1)
    return [
        message(
            address,
            "POST",
            "/score/raw",
            bodies.HEAD.pack(choose.randrange(users), CANDIDATES)
            + b"".join(each.to_bytes(8, "little") for each in choose.sample(range(users), CANDIDATES)),
            bodies.RAW,
        )
        for _ in range(MESSAGES)
    ]


def _objects(address: Address, users: int) -> list[bytes]:
    choose = random.Random(1)

    def candidate(member: int) -> dict[str, float]:
        return {"id": member, **{f"feature_{number}": round(choose.gauss(0, 1), 6) for number in range(20)}}

    return [
        post(
            address,
            "/score",
            {
                "user": choose.randrange(users),
                "candidates": [candidate(member) for member in choose.sample(range(users), CANDIDATES)],
            },
        )
        for _ in range(OBJECTS)
    ]


def _no_op(address: Address, users: int) -> list[bytes]:  # noqa: ARG001  # as the others
    return [message(address, "GET", "/health", b"")]


_KINDS: dict[str, Callable[[Address, int], list[bytes]]] = {
    "JSON": _json,
    "raw": _raw,
    "objects": _objects,
    "no-op": _no_op,
}


def missing(setup: Setup) -> list[str]:
    """Packages that it needs and that are not installed."""
    import importlib.util

    needs = (*core.forms()[setup.form].needs, *setup.needs)
    return [package for package in dict.fromkeys(needs) if importlib.util.find_spec(package) is None]
