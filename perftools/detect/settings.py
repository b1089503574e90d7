"""How many workers and threads this machine carries, and what exactly to write for the server and its libraries.

C workers of one thread each use C CPUs without a thread that waits for another: within 4 % (numpy) and 2 % (torch under
a quota) of the best of all settings that were tried. Where memory does not hold so many workers, those that there are
share the CPUs: T = max(1, floor(C / W)) threads each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perftools.detect.load import Load, number, several
from perftools.record import Target
from perftools.target import program

MEMORY = 0.8
"""Part of the available memory that new workers may take."""

# What sizes each pool: OpenBLAS USAGE.md, the manuals of oneMKL and BLIS, the OpenMP specification, torch's notes on
# CPU threading.
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "openblas": ("OPENBLAS_NUM_THREADS",),
    "mkl": ("MKL_NUM_THREADS", "OMP_NUM_THREADS"),
    "blis": ("BLIS_NUM_THREADS",),
    "libgomp": ("OMP_NUM_THREADS",),
    "libomp": ("OMP_NUM_THREADS",),
    "libiomp5": ("OMP_NUM_THREADS",),
    "torch": ("OMP_NUM_THREADS",),
}
_ALL = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SERVERS: Mapping[str, tuple[str, str]] = {
    "gunicorn": ("gunicorn --workers {}", " --threads 1"),
    "uvicorn": ("uvicorn --workers {}", ""),
    "fastapi": ("fastapi run --workers {}", ""),
    "hypercorn": ("hypercorn --workers {}", ""),
    "granian": ("granian --workers {}", " --blocking-threads 1"),
}
"""How a server is told its workers, and that each has one thread for requests."""


class Setup(NamedTuple):
    """Workers, and native threads in each."""

    workers: int
    threads: int
    because: str
    """How it was derived."""
    short_of_memory: bool = False


def recommend(load: Load, memory_available_bytes: int) -> Setup:
    """The setup that keeps the CPUs busy with no thread too many, in the memory that there is."""
    cpus, source = load.capacity, f"{number(load.cpus)} CPUs may be used ({load.source})"
    working = [member for member in load.active if member.worker] or list(load.active)
    now = max(load.active_workers, 1)
    each_bytes = max((member.rss_bytes for member in working), default=0)
    more_bytes = max(cpus - max(load.workers, 1), 0) * each_bytes
    if more_bytes > MEMORY * memory_available_bytes > 0:
        return Setup(
            now,
            max(1, cpus // now),
            f"{source}; {several(cpus, 'worker')} of {_mib(each_bytes)} would not fit into the "
            f"{_mib(memory_available_bytes)} that are free, so {several(now, 'worker')} share them",
            short_of_memory=True,
        )
    return Setup(cpus, 1, f"{source}, and each worker keeps one of them busy")


def server(target: Target) -> str | None:
    """The server that runs the workers, by the command line of the first process that names one."""
    ordered = sorted(target.processes, key=lambda process: process.role != "master")
    for process in ordered:
        name = program.name(program.parse(process.cmdline)).partition(".")[0]
        if name in _SERVERS:
            return name
    return None


def start(target: Target, workers: int, variables: Mapping[str, int], *, one_thread: bool = False) -> str:
    """The start of the command line to write, as far as the server is known."""
    assigned = "".join(f"{name}={value} " for name, value in variables.items())
    if (name := server(target)) is None:
        environment = f", with `{assigned.strip()}` in their environment before Python starts" if assigned else ""
        return f"Start {several(workers, 'worker process')}{environment}."
    command, one = _SERVERS[name]
    return f"Start it with `{assigned}{command.format(workers)}{one if one_thread else ''}`, its other options as now."


def native(load: Load, target: Target, setup: Setup) -> str:
    """The setup as settings of the server and of the native pools that are mapped."""
    libraries = pools(load)
    names = tuple(dict.fromkeys(name for library in libraries for name in _VARIABLES.get(library, ())))
    if not names:
        names = _ALL
    said = [start(target, setup.workers, dict.fromkeys(names, setup.threads))]
    if "torch" in libraries:
        said.append(f"In each worker, at start-up: `torch.set_num_threads({setup.threads})`.")
    said.append(
        "Where the environment is not yours to set: "
        f"`threadpoolctl.threadpool_limits({setup.threads})` in each worker, after its imports."
    )
    if not libraries:
        said.append(
            "No BLAS or OpenMP library is known to be mapped: if the threads are a pool of the program's own, give "
            f"that {several(setup.threads, 'thread')}."
        )
    return " ".join(said)


def pools(load: Load) -> tuple[str, ...]:
    """Native pools that an active process has mapped; they may be idle."""
    return tuple(sorted({library for member in load.active for library in member.libraries}))


def environment(load: Load, setup: Setup) -> list[str]:
    """What the environment said of the pools' sizes: for the reader, since what counts is what runs."""
    values: dict[str, set[int]] = {}
    for member in load.active:
        for name, value in member.variables.items():
            values.setdefault(name, set()).add(value)
    if not values:
        known = any(member.libraries for member in load.active)
        return ["no variable sets the number of native threads"] if known else []
    said = ", ".join(f"{name}={_range(found)}" for name, found in sorted(values.items()))
    if all(found == {setup.threads} for found in values.values()):
        return [f"the environment already says {said}: the program sets another number itself"]
    return [f"the environment says {said}"]


def _range(values: Iterable[int]) -> str:
    ordered = sorted(values)
    return str(ordered[0]) if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"


def _mib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
