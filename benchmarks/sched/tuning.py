"""The scenarios on which the rules may be tuned."""

from __future__ import annotations

from .scenarios import FIGHT, GIL, LOOP, Load, Service, Setting

BATCH = Load(8, ("/batch",), {"users": list(range(64)), "candidates": list(range(100, 1100))})

SERVICES = (
    Service(
        "batch scoring, OpenBLAS",
        "reference",
        (Setting(2, 1), Setting(4, 1), Setting(2, 4), Setting(4, 2), Setting(1, 8)),
        load=BATCH,
        rules=frozenset({FIGHT}),
    ),
    Service(
        "batch scoring, quota of 1 CPU",
        "reference",
        (Setting(1, 1), Setting(1, 2)),
        load=BATCH,
        rules=frozenset({FIGHT}),
        quota=1.0,
    ),
    Service(
        "vectors, torch",
        "uvicorn",
        (Setting(2, 1), Setting(4, 4)),
        app="vectors",
        rules=frozenset({FIGHT}),
        needs=("torch",),
    ),
    Service("pure Python, surplus workers", "gunicorn", (Setting(2), Setting(12)), app="pricing"),
    Service(
        "pure Python, threads",
        "gthread",
        (Setting(1, threads=16), Setting(2)),
        app="pricing",
        rules=frozenset({GIL}),
    ),
    Service(
        "thread pool of CPU work",
        "uvicorn",
        (Setting(1, threads=8), Setting(2)),
        app="thumbnails",
        rules=frozenset({GIL}),
    ),
    Service(
        "background thread, threads serve",
        "gthread",
        (Setting(1, threads=4), Setting(1, threads=4, variant="apart")),
        app="ranking",
        load=Load(4),
        rules=frozenset({GIL}),
        remedies={GIL: Setting(1, threads=4, variant="apart")},
    ),
    Service(
        "background thread, event loop serves",
        "uvicorn",
        (Setting(1), Setting(1, variant="apart")),
        app="presence",
        load=Load(4),
        rules=frozenset({GIL}),
        remedies={GIL: Setting(1, variant="apart")},
    ),
    Service(
        "event loop, 150 or 300 ms of sync work",
        "uvicorn",
        (Setting(1), Setting(1, variant="long"), Setting(1, variant="apart")),
        app="reports",
        load=Load(8, ("/report", *["/quick"] * 7)),
        rules=frozenset({LOOP}),
        remedies={LOOP: Setting(1, variant="apart")},
    ),
    Service("64 threads that sleep", "gthread", (Setting(1, threads=64),), app="rates", load=Load(64, ("/wait",))),
    Service("I/O mix, 2n + 1 workers", "gunicorn", (Setting(5),), app="rates", load=Load(16, ("/mixed",))),
    Service("right size beside 2 hogs", "reference", (Setting(2, 1),), load=BATCH, hogs=2),
    Service("idle", "gunicorn", (Setting(2),), app="pricing", load=Load(0)),
    Service("idle BLAS pools", "gunicorn", (Setting(2, 4, variant="pools"),), app="pricing", needs=("numpy",)),
    Service("event loop, many short awaits", "uvicorn", (Setting(1),), app="quotes"),
)
