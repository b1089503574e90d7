"""The scenarios that were written in other styles than those of `tuning`, and not looked at while rules were tuned."""

from __future__ import annotations

from .scenarios import FIGHT, GIL, LOOP, Load, Service, Setting

SERVICES = (
    Service(
        "linear systems, LAPACK",
        "gunicorn",
        (Setting(2, 1), Setting(3, 2), Setting(2, 8)),
        app="solver",
        rules=frozenset({FIGHT}),
        needs=("numpy",),
    ),
    Service(
        "linear systems, quota of 0.5 CPUs",
        "gunicorn",
        (Setting(1, 1), Setting(1, 4)),
        app="solver",
        load=Load(4),
        rules=frozenset({FIGHT}),
        quota=0.5,
        needs=("numpy",),
    ),
    Service(
        "BLAS below a thread pool",
        "script",
        (Setting(1, 2, threads=4), Setting(2, 1, threads=1), Setting(1, 1, threads=2)),
        app="neighbours",
        rules=frozenset({FIGHT}),
        needs=("numpy",),
    ),
    Service(
        "a thread for each connection",
        "script",
        (Setting(1, threads=12), Setting(2)),
        app="tokens",
        load=Load(12),
        rules=frozenset({GIL}),
    ),
    Service(
        "background thread, a thread for each connection",
        "script",
        (Setting(1, variant="metrics"), Setting(1)),
        app="tickets",
        load=Load(3),
        rules=frozenset({GIL}),
        remedies={GIL: Setting(1)},
    ),
    Service(
        "FastAPI, 250 ms in async def",
        "uvicorn",
        (Setting(1), Setting(1, variant="apart")),
        app="orders",
        load=Load(12, ("/export", *["/order"] * 5)),
        rules=frozenset({LOOP}),
        remedies={LOOP: Setting(1, variant="apart")},
        needs=("fastapi",),
    ),
    Service(
        "bare asyncio, 100 ms in a callback",
        "script",
        (Setting(1), Setting(1, variant="apart")),
        app="board",
        load=Load(10, ("/rebuild", *["/"] * 9)),
        rules=frozenset({LOOP}),
        remedies={LOOP: Setting(1, variant="apart")},
    ),
    Service("surplus workers, C code", "gunicorn", (Setting(10), Setting(3)), app="archive"),
    Service("96 threads that wait for a queue", "script", (Setting(1, threads=96),), app="mailbox", load=Load(96)),
    Service("I/O mix in C code, 2n + 1 workers", "uvicorn", (Setting(5),), app="lookup"),
    Service("right size beside a hog", "gunicorn", (Setting(2, 1),), app="solver", hogs=1, needs=("numpy",)),
    Service("nearly idle", "uvicorn", (Setting(4),), app="lookup", load=Load(1, think_s=1.0)),
    Service("idle BLAS pools below elementwise work", "gunicorn", (Setting(2, 4),), app="columns", needs=("numpy",)),
    Service("bare asyncio, streams in small pieces", "script", (Setting(1),), app="stream", load=Load(24)),
)
