"""An Audit made from source text, stacks and sightings: what a service would have shown, without one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from perftools.record import (
    SCHEMA,
    Audit,
    Cgroup,
    Collector,
    Cost,
    Cpus,
    Gc,
    GcCharge,
    Generation,
    Host,
    Memory,
    MemoryReading,
    Missing,
    Observations,
    Pause,
    Position,
    Process,
    ProcessSched,
    Quality,
    RoundTime,
    Run,
    Samples,
    Sched,
    Seen,
    Site,
    Source,
    Stream,
    Target,
    Threads,
    ThreadSched,
    ThreadTime,
    Type,
    Values,
)
from perftools.source import enclosing

FLOAT = Type(name="float")
INT = Type(name="int")
STR = Type(name="str")
COST = Cost(method="by hand", cpu_s=0.0, lost=0, max_gap_ms=0.0, complete="all")

Call = tuple[str, str, str]
"""(function, file, text of the line): the line is found by its text."""


def list_of(*items: Type) -> Type:
    return Type(name="list", items=items)


def record_of(name: str, **fields: Type) -> Type:
    return Type(name=name, fields=tuple(fields.items()))


@dataclass
class Scene:
    """Add files, stacks (root first) and sightings; then take the audit."""

    files: dict[str, str] = field(default_factory=dict)
    streams: dict[tuple[int, int, int], list[tuple[int, ...]]] = field(default_factory=dict)
    frames: dict[tuple[str, str, int], int] = field(default_factory=dict)
    stacks: dict[tuple[int, ...], int] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    cpu_s: dict[tuple[int, int], float] = field(default_factory=dict)
    values: Missing | None = None
    gc: Missing | None = None
    pauses: list[Pause] = field(default_factory=list)
    looks: dict[tuple[int, int], int] = field(default_factory=dict)
    collectors: dict[int, dict[str, Any]] = field(default_factory=dict)
    unwatched: dict[int, Missing] = field(default_factory=dict)
    python: str = "3.11.7"
    rounds: int = 8
    sched: Missing | None = None
    tasks: list[ThreadSched] = field(default_factory=list)
    members: dict[int, dict[str, Any]] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=dict)
    cpus: float = 2.0
    cgroup: Cgroup | None = None
    unlooked: Missing | None = None
    commands: dict[int, tuple[str, ...]] = field(default_factory=dict)
    memory: Missing | None = None
    sizes: dict[int, Callable[[float], float]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def file(self, path: str, text: str) -> str:
        self.files[path] = textwrap.dedent(text).lstrip("\n")
        return path

    def line(self, path: str, text: str) -> int:
        """The only line of a file that contains `text`."""
        if path not in self.files:
            return int(text)
        (number,) = [at for at, line in enumerate(self.files[path].split("\n"), 1) if text in line]
        return number

    def sample(self, count: int, *calls: Call, pid: int = 1, tid: int = 1) -> None:
        """`count` samples of a stack, root first, spread over the rounds."""
        stack = self._stack(calls)
        for at in range(count):
            self.streams.setdefault((pid, tid, at % self.rounds), []).append((at // self.rounds, stack))  # type: ignore[arg-type]

    def _stack(self, calls: Sequence[Call]) -> int:
        frames = tuple(
            self.frames.setdefault((function, path, self.line(path, text)), len(self.frames))
            for function, path, text in reversed(calls)
        )
        return self.stacks.setdefault(frames, len(self.stacks))

    def pause(
        self, times: int, duration_ms: float, *calls: Call, pid: int = 1, generation: int | None = 2, looks: int = -1,
        **more: Any,
    ) -> None:  # fmt: skip
        """`times` collections that began in a stack (root first; none: not read), met by a look every 5 ms."""
        stack = self._stack(calls) if calls else None
        self.pauses += times * [
            Pause(
                pid=pid, thread_id=1, start_s=0.0, duration_ms=duration_ms, generation=generation,
                **{"stack": stack, **more},
            )
        ]  # fmt: skip
        met = round(times * duration_ms / 5) if looks < 0 else looks
        if stack is not None and met:
            self.looks[pid, stack] = self.looks.get((pid, stack), 0) + met

    def collector(self, pid: int = 1, **changes: Any) -> None:
        """How the collector of a process is set, and how it was watched."""
        self.collectors.setdefault(pid, {}).update(changes)

    def _gc(self, pids: Sequence[int]) -> Gc | Missing:
        """Every process's collector; the pauses are spread evenly over the window."""
        if self.gc is not None:
            return self.gc
        window_s = 2.0 * self.rounds
        step_s = window_s / max(len(self.pauses), 1)
        return Gc(
            cost=COST,
            collectors=tuple(self._collector(pid, window_s) for pid in pids if pid not in self.unwatched),
            pauses=tuple(replace(pause, start_s=at * step_s) for at, pause in enumerate(self.pauses)),
            frames=tuple(self.frames), stacks=tuple(self.stacks),
            charges=tuple(GcCharge(pid=pid, stack=at, looks=met) for (pid, at), met in self.looks.items()),
            unwatched=self.unwatched,
        )  # fmt: skip

    def _collector(self, pid: int, window_s: float) -> Collector:
        ran = [sum(each.generation == number for each in self.pauses if each.pid == pid) for number in range(3)]
        built = Collector(
            pid=pid, method="watchpoint", because="", start_s=0.0, end_s=window_s, enabled=True,
            generations=tuple(
                Generation(collections=times, collected=0, uncollectable=0, threshold=threshold)
                for times, threshold in zip(ran, (700, 10, 10), strict=True)
            ),
            frozen=0, long_lived=20_000, pending=100, unseen=0, max_gap_ms=8.0,
        )  # fmt: skip
        return replace(built, **self.collectors.get(pid, {}))

    @property
    def window_s(self) -> float:
        return 2.0 * self.rounds

    def task(
        self, pid: int, tid: int, run: float, wait: float = 0.0, *, gil: float | None = 0.0, voluntary: int = 100,
        name: str = "python",
    ) -> None:  # fmt: skip
        """A thread that ran, and waited for a CPU, for those parts of the window; `gil`: looks at which it waited."""
        looks = 0 if gil is None else 200
        self.tasks.append(
            ThreadSched(
                pid=pid, tid=tid, name=name, run_s=run * self.window_s, wait_s=wait * self.window_s,
                voluntary=voluntary, involuntary=100, looks=looks, gil_waits=round((gil or 0.0) * looks),
            )
        )  # fmt: skip

    def worker(
        self, pid: int, threads: int = 1, *, run: float, runnable: float, waiters: float | None = 0.0, **changes: Any
    ) -> None:
        """A process of equal threads: CPUs in use, runnable threads, and threads waiting for the GIL, on average."""
        for at in range(threads):
            gil = None if waiters is None else waiters / threads
            self.task(pid, 100 * pid + at, run / threads, (runnable - run) / threads, gil=gil)
        self.members.setdefault(pid, {}).update(changes)

    def _sched(self, pids: Sequence[int], cpu_s: dict[tuple[int, int], float]) -> Sched | Missing:
        """What was said of the threads; where nothing was, each ran as its samples say, and waited for nothing."""
        if self.sched is not None:
            return self.sched
        tasks = list(self.tasks)
        if not tasks:
            tasks = [
                ThreadSched(
                    pid=pid, tid=tid, name="python", run_s=used, wait_s=0.0, voluntary=100, involuntary=0, looks=200,
                    gil_waits=0,
                )
                for (pid, tid), used in cpu_s.items()
            ]  # fmt: skip
        used_s = {pid: sum(each.run_s for each in tasks if each.pid == pid) for pid in pids}
        around = {
            "cpus": 2, "usable": 2, "busy_s": sum(used_s.values()), "memory_bytes": 16 << 30,
            "memory_available_bytes": 8 << 30, **self.around,
        }  # fmt: skip
        return Sched(
            cost=COST, span_s=self.window_s, threads=tuple(tasks), host=Host(**around), cgroup=self.cgroup,
            processes=tuple(
                replace(
                    ProcessSched(
                        pid=pid, cpu_s=used_s[pid], threads=sum(each.pid == pid for each in tasks),
                        rss_bytes=200 << 20, libraries=(), variables={}, blocked=0.0, looks=200,
                    ),
                    **self.members.get(pid, {}),
                )
                for pid in pids
            ),
            pressure=None, gil=self.unlooked,
        )  # fmt: skip

    def holds(self, pid: int, mib: Callable[[float], float]) -> None:
        """How much anonymous memory a process has after so many seconds."""
        self.sizes[pid] = mib

    def _memory(self, pids: Sequence[int]) -> Memory | Missing:
        """Five readings a second of each process, of 100 MiB where nothing else was said; an hour old."""
        if self.memory is not None:
            return self.memory
        built = Memory(
            cost=COST, readings=tuple(
                _reading(pid, at / 5, self.sizes.get(pid, lambda _: 100.0))
                for at in range(round(5 * self.window_s))
                for pid in pids
            ),
            started_s=dict.fromkeys(pids, -3600.0), slack_bytes=0, forked=(), unwalked=None, limit_bytes=None,
            limit_source="", used_bytes=None, oom_kills=0,
        )  # fmt: skip
        return replace(built, **self.kept)

    def saw(
        self, path: str, text: str, function: str, walks: int = 40, positions: Sequence[Position] = (), **names: object
    ) -> None:
        """At a line, names and what they were: name=(type, *sizes); iter0 stands for "<iter 0>"."""
        seen = []
        for name, what in names.items():
            kind, *sizes = what if isinstance(what, tuple) else (what,)
            written = f"<iter {name[4:]}>" if name.startswith("iter") else name.replace("__", ".")
            seen.append(Seen(name=written, type=kind, sizes=tuple(sizes), count=walks))
        extent = enclosing(self.files[path], self.line(path, text))
        assert extent is not None
        self.sites.append(
            Site(
                file=path, function=function, first_line=self._def_line(path, function, extent.first_line),
                line=self.line(path, text), walks=walks, seen=tuple(seen), positions=tuple(positions),
            )
        )  # fmt: skip

    def _def_line(self, path: str, function: str, default: int) -> int:
        name = function.rpartition(".")[2]
        lines = self.files[path].split("\n")
        return next((at for at, line in enumerate(lines, 1) if f"def {name}(" in line), default)

    def audit(self, *, user_paths: tuple[str, ...] = ()) -> Audit:
        streams, sampled = [], sorted({pid for pid, _, _ in self.streams})
        pids = sorted({*sampled, *self.members, *self.commands, *(task.pid for task in self.tasks)})
        for (pid, tid, number), samples in sorted(self.streams.items()):
            ordered = tuple(stack for _, stack in sorted(samples))
            streams.append(
                Stream(pid=pid, tid=tid, thread="", round=number, kind="active", stacks=ordered)  # type: ignore[arg-type]
            )
        runs = tuple(
            Run(pid=pid, round=at, kind="active", start_s=2.0 * at, duration_s=2.0, ticks=200, errors=0)
            for pid in sampled
            for at in range(self.rounds)
        )
        threads = sorted({(pid, tid) for pid, tid, _ in self.streams} | set(self.cpu_s))
        counts = {key: sum(len(each.stacks) for each in streams if (each.pid, each.tid) == key) for key in threads}
        cpu_s = {key: self.cpu_s.get(key, counts[key] / 100) for key in threads}
        sources = {
            (path, extent.first_line): Source(
                file=path, first_line=extent.first_line, sha256="", function=extent.function,
                text="\n".join(text.split("\n")[extent.first_line - 1 : extent.last_line]),
            )
            for path, text in self.files.items()
            for at in range(1, text.count("\n") + 1)
            if (extent := enclosing(text, at)) is not None
        }  # fmt: skip
        return Audit(
            schema=SCHEMA,
            tool="perftools test",
            target=Target(
                root_pid=1, asked="pid 1", cpus=Cpus(effective=self.cpus, source="test"), user_paths=user_paths,
                processes=tuple(
                    Process(
                        pid=pid, ns_pid=pid, start_ticks=1, python=self.python,
                        role="master" if pid in self.commands else "worker",
                        executable="/bin/python3", cmdline=self.commands.get(pid, ("python", "app.py")), uid=0,
                        threads=1,
                    )
                    for pid in pids
                ),
            ),
            quality=Quality(
                start_unix_ns=0, window_s=2.0 * self.rounds, rounds=self.rounds, round_s=2.0, loaded=True,
                ended="complete", observer_cpu_s=0.1, warnings=(),
            ),
            observations=Observations(
                samples=Samples(
                    cost=COST, rate_hz=100.0, frames=tuple(self.frames), stacks=tuple(self.stacks), runs=runs,
                    streams=tuple(streams),
                ),
                threads=Threads(
                    cost=COST,
                    rounds=tuple(
                        RoundTime(
                            pid=pid, round=at, start_s=2.0 * at, duration_s=2.0,
                            cpu_s=sum(used for (owner, _), used in cpu_s.items() if owner == pid) / self.rounds,
                        )
                        for pid in pids
                        for at in range(self.rounds)
                    ),
                    times=tuple(
                        ThreadTime(pid=pid, tid=tid, name="t", round=0, run_s=used, wait_s=0.0)
                        for (pid, tid), used in cpu_s.items()
                    ),
                ),
                values=self.values or Values(cost=COST, walks=100, failed=0, sites=tuple(self.sites)),
                gc=self._gc(pids),
                sched=self._sched(pids, cpu_s),
                memory=self._memory(pids),
            ),
            sources=tuple(sources.values()),
        )  # fmt: skip


def _reading(pid: int, at_s: float, mib: Callable[[float], float]) -> MemoryReading:
    own = round(mib(at_s) * 256) * 4096
    return MemoryReading(
        pid=pid, at_s=at_s, rss_bytes=own + (30 << 20), anonymous_bytes=own, shmem_bytes=0, swap_bytes=0
    )
