"""Run the reference scoring service on this machine's loopback address, under uvicorn.

POST /score scores one user, POST /batch several against candidates that they share: one matrix product in the form
batch.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import secrets
import signal
import socket
import sys
import threading

from . import cpus, prctl
from .bodies import CODECS
from .core import forms
from .settings import Settings

HOST = "127.0.0.1"
DEFAULTS = Settings()
POOLS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What sizes the pools of numpy's BLAS, whichever it is; read when numpy is imported, in each worker."""
NO_UVICORN = "the reference service needs uvicorn; in the checkout: pip install '.[demo]'"


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; prints one line when every worker is ready."""
    options = _parser().parse_args(argv)
    if importlib.util.find_spec("uvicorn") is None:
        print(NO_UVICORN, file=sys.stderr)
        return 2
    try:
        listener = socket.create_server((HOST, options.port), backlog=2048)
    except OSError as error:
        print(f"cannot listen on {HOST}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    # Accepted sockets inherit it. uvicorn takes a socket handed to it for a Unix one, and asyncio then leaves Nagle on.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if options.parent:
        prctl.end_with(options.parent)
    if options.allow_tracing:
        prctl.allow_any_tracer()

    if options.threads or not os.environ.keys() & set(POOLS):
        os.environ.update(dict.fromkeys(POOLS, str(options.threads or cpus.threads(options.workers))))
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = f"perftools-reference-{os.getpid()}-{secrets.token_hex(8)}"
    ready.bind(b"\0" + name.encode())
    settings = Settings(
        form=options.form,
        users=options.users,
        dimensions=options.dimensions,
        features=options.features,
        seed=options.seed,
        codec=options.codec,
        freeze=options.gc == "frozen",
        allow_tracing=options.allow_tracing,
        master_pid=os.getpid(),
        ready_socket=name,
    )
    settings.to_environment()
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    threading.Thread(target=_announce, args=(ready, options.workers, url), daemon=True).start()
    if not options.refresh:
        return _serve(listener, options.workers, plain=options.http == "plain")
    from .refresher import ROWS, refreshing

    # uvicorn ends its one worker by the signal that it got, and the refresher is to end first.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with refreshing(options.refresh) as folder:
        settings._replace(refreshed=str(folder / ROWS)).to_environment()
        return _serve(listener, options.workers, plain=options.http == "plain")


def _serve(listener: socket.socket, workers: int, *, plain: bool) -> int:
    """Hand the bound socket to uvicorn, whose own process tree this is from here on."""
    import uvicorn

    uvicorn.run(
        f"{__package__}.asgi:create",
        factory=True,
        fd=listener.fileno(),
        workers=workers,
        lifespan="on",
        http="h11" if plain else "auto",  # "auto": httptools and uvloop, if they are installed
        loop="asyncio" if plain else "auto",
        access_log=plain,
        log_level="info" if plain else "warning",
        timeout_graceful_shutdown=5,
    )
    return 0


def _announce(ready: socket.socket, workers: int, url: str) -> None:
    with ready:
        for _ in range(workers):
            ready.recv(16)
    print(f"listening on {url} pid {os.getpid()}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m perftools_benchmarks serve", description=__doc__)
    parser.add_argument("--form", choices=forms(), required=True)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument(
        "--workers", type=_workers, default=1, help='a number, or "auto": one for each CPU (default %(default)s)'
    )
    parser.add_argument(
        "--threads",
        type=_positive,
        help="native ones of each worker, for BLAS (default: as the environment has it, else the CPUs shared out)",
    )
    parser.add_argument(
        "--users", type=_positive, default=DEFAULTS.users, help="rows of the table (default %(default)s)"
    )
    parser.add_argument(
        "--dimensions", type=_positive, default=DEFAULTS.dimensions, help="of an embedding (default %(default)s)"
    )
    parser.add_argument(
        "--features", type=_positive, default=DEFAULTS.features, help="of a member (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=DEFAULTS.seed)
    parser.add_argument(
        "--codec", choices=CODECS, default="fast", help='of JSON; "pydantic" wants an object for each candidate'
    )
    parser.add_argument(
        "--gc", choices=("frozen", "default"), default="frozen", help="whether the collector looks at the tables"
    )
    parser.add_argument(
        "--http", choices=("auto", "plain"), default="auto", help='"plain": h11, asyncio and an access log'
    )
    parser.add_argument(
        "--refresh", type=float, metavar="SECONDS", help="with the form cached: embeddings made anew, so often"
    )
    parser.add_argument("--allow-tracing", action="store_true", help="to any process of this user, under Yama too")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when PID, the process that starts this, ends")
    return parser


def _workers(text: str) -> int:
    return cpus.workers() if text == "auto" else _positive(text)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number
