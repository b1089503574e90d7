"""Audits and diagnoses built by hand: a two-worker scoring service in the state that a test needs."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from perftools.finding import (
    Clause,
    Diagnosis,
    Estimate,
    Fact,
    Finding,
    Measure,
    Ok,
    ProcessLoad,
    TimeLine,
    TimeTable,
    Unjudged,
    Where,
)
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
    Process,
    ProcessSched,
    Quality,
    Run,
    Samples,
    Sched,
    Source,
    Stream,
    Target,
    Threads,
    ThreadSched,
    Type,
    Values,
)

ROOT = "/srv/app"
FEATURES = f"{ROOT}/scoring/features.py"
API = f"{ROOT}/scoring/api.py"
STORE = f"{ROOT}/scoring/store.py"
FRAME = "/opt/venv/lib/python3.11/site-packages/pandas/core/frame.py"

NORMALISE = """def normalise(rows, mean, std):
    \"\"\"Standard scores of one feature column.\"\"\"
    if not std:
        return [0.0] * len(rows)
    out = []
    for x in rows:
        out.append((x - mean) / std)
    return out
"""


def share(value: float, low: float, high: float, **changes: Any) -> Estimate:
    return replace(Estimate(value=value, low=low, high=high, unit="share", n=2413, of="cpu"), **changes)


def process(pid: int, role: str = "worker", **changes: Any) -> Process:
    built = Process(
        pid=pid, ns_pid=pid - 4700, start_ticks=184_000 + pid, role=role, python="3.11.7",  # type: ignore[arg-type]
        executable="/opt/venv/bin/python3.11", cmdline=(f"gunicorn: {role} [scoring:app]",), uid=1000, threads=4,
    )  # fmt: skip
    return replace(built, **changes)


def target(**changes: Any) -> Target:
    built = Target(
        root_pid=4711, asked="pid 4711", processes=(process(4711, "master"), process(4712), process(4713)),
        cpus=Cpus(effective=2.0, source="cpu.max"), container="scoring-7c9",
    )  # fmt: skip
    return replace(built, **changes)


def quality(**changes: Any) -> Quality:
    built = Quality(
        start_unix_ns=1_795_528_934_000_000_000, window_s=20.0, rounds=10, round_s=2.0, loaded=True, ended="complete",
        observer_cpu_s=0.54, warnings=(),
    )  # fmt: skip
    return replace(built, **changes)


def cost(**changes: Any) -> Cost:
    return replace(Cost(method="py-spy, nonblocking", cpu_s=0.3, lost=14, max_gap_ms=31.0, complete="yes"), **changes)


def samples(stacks: int = 4617, **changes: Any) -> Samples:
    """Two workers in whose one round `stacks` stacks were taken, all of them in normalise()."""
    first = stacks // 2
    built = Samples(
        cost=cost(), rate_hz=100.0, frames=(("normalise", FEATURES, 91), ("score_pairs", API, 46)), stacks=((0, 1),),
        runs=tuple(
            Run(pid=pid, round=0, kind="active", start_s=0.0, duration_s=2.0, ticks=200, errors=0)
            for pid in (4712, 4713)
        ),
        streams=tuple(
            Stream(pid=pid, tid=pid, thread="MainThread", round=0, kind="active", stacks=(0,) * taken)
            for pid, taken in ((4712, first), (4713, stacks - first))
        ),
    )  # fmt: skip
    return replace(built, **changes)


def pause(start_s: float, duration_ms: float, generation: int | None = 0, pid: int = 4712, **changes: Any) -> Pause:
    built = Pause(pid=pid, thread_id=pid, start_s=start_s, duration_ms=duration_ms, generation=generation)
    return replace(built, **changes)


def collector(pid: int = 4712, runs: tuple[int, ...] = (0, 0, 0), **changes: Any) -> Collector:
    """CPython's own settings; `runs`: collections of each generation, of which each frees 20 objects."""
    built = Collector(
        pid=pid, method="watchpoint", because="few collections a second", start_s=0.0, end_s=20.0, enabled=True,
        generations=tuple(
            Generation(collections=run, collected=20 * run, uncollectable=0, threshold=threshold)
            for run, threshold in zip(runs, (700, 10, 10), strict=True)
        ),
        frozen=0, long_lived=598_204, pending=12_400, unseen=0, max_gap_ms=5.4,
    )  # fmt: skip
    return replace(built, **changes)


def gc(pauses: tuple[Pause, ...] = (), *, collectors: tuple[Collector, ...] = (), **changes: Any) -> Gc:
    """Watched collectors, of whose pauses each was set off in Store.rotate(); counters are those of the pauses."""
    if not collectors:
        collectors = tuple(collector(pid, _runs(pauses, pid)) for pid in (4712, 4713))
    built = Gc(
        cost=cost(method="watchpoint", cpu_s=0.16, lost=0), collectors=collectors,
        pauses=tuple(sorted((replace(each, stack=0) for each in pauses), key=lambda each: each.start_s)),
        frames=(
            ("Store.rotate.<locals>.<listcomp>", STORE, 41), ("Store.rotate", STORE, 41), ("score_pairs", API, 46),
        ),
        stacks=((0, 1, 2),),
        charges=(GcCharge(pid=4712, stack=0, looks=len(pauses)),) if pauses else (),
    )  # fmt: skip
    return replace(built, **changes)


def _runs(pauses: tuple[Pause, ...], pid: int) -> tuple[int, ...]:
    return tuple(sum(each.pid == pid and each.generation == number for each in pauses) for number in range(3))


def long_pauses() -> Gc:
    """Young collections all the time, a full one of about 200 ms every 4 s in one worker, of 60 ms in the other."""
    young = [
        pause(0.05 * n + offset, 0.3 + 0.01 * (n % 7), pid=pid)
        for pid, offset in ((4712, 0.0), (4713, 0.02))
        for n in range(400)
    ]
    middle = [pause(0.5 * n + 0.1, 2.0 + 0.1 * (n % 3), 1, pid) for pid in (4712, 4713) for n in range(40)]
    full = [pause(4.2 * n + 1.3, length, 2) for n, length in enumerate((198.0, 204.0, 212.0, 189.0))]
    full[2] = replace(full[2], waited_ms=31.0, cpu_ms=180.5)
    other = [pause(6.0 * n + 2.0, 58.0 + n, 2, 4713) for n in range(3)]
    return gc((*young, *middle, *full, *other))


def short_pauses() -> Gc:
    """Young collections only."""
    return gc(tuple(pause(0.1 * n, 0.4, pid=pid) for pid in (4712, 4713) for n in range(200)))


def thread_sched(tid: int, run: float, wait: float = 0.0, gil: float | None = 0.0, **changes: Any) -> ThreadSched:
    """A thread that ran, waited for a CPU and for the GIL, for those parts of 20 s; None: was not looked at."""
    built = ThreadSched(
        pid=4712, tid=tid, name="gunicorn", run_s=20 * run, wait_s=20 * wait, voluntary=900, involuntary=400,
        looks=0 if gil is None else 200, gil_waits=round(200 * (gil or 0.0)),
    )  # fmt: skip
    return replace(built, **changes)


def process_sched(pid: int = 4712, **changes: Any) -> ProcessSched:
    built = ProcessSched(
        pid=pid, cpu_s=0.0, threads=4, rss_bytes=980 << 20, libraries=(), variables={}, blocked=0.0, looks=200
    )
    return replace(built, **changes)


def sched(*threads: ThreadSched, **changes: Any) -> Sched:
    """Two workers that have 2 CPUs to themselves, and these threads."""
    built = Sched(
        cost=cost(method="/proc", cpu_s=0.1, lost=0), span_s=20.0, threads=threads,
        processes=(process_sched(4712), process_sched(4713)),
        host=Host(
            cpus=2, busy_s=sum(each.run_s for each in threads), usable=2, memory_bytes=16 << 30,
            memory_available_bytes=12 << 30,
        ),
        cgroup=None, pressure=None, gil=None,
    )  # fmt: skip
    return replace(built, **changes)


def calm() -> Sched:
    """Two workers of one busy thread each, that fit."""
    return sched(thread_sched(4712, 0.30, 0.004, 0.01), thread_sched(4713, 0.28, 0.003, 0.0, pid=4713))


def crowded() -> Sched:
    """Two workers of four busy threads each on a quota of 2 CPUs; some of the first wait for its GIL besides."""
    return sched(
        *(thread_sched(4712 + 20 * at, 0.25 - 0.01 * at, 0.40, 0.15) for at in range(4)),
        *(thread_sched(4713 + 20 * at, 0.25, 0.41, 0.02, pid=4713) for at in range(4)),
        cgroup=Cgroup(
            path="/kubepods/scoring", version=2, quota=2.0, periods=200, throttled_periods=28, throttled_s=3.1
        ),
        host=Host(
            cpus=4, busy_s=46.0, stolen_s=2.0, usable=4, memory_bytes=16 << 30, memory_available_bytes=12 << 30
        ),
    )  # fmt: skip


def memory(first: float = 0.0, second: float = 0.0, **changes: Any) -> Memory:
    """Two workers of 980 MiB for 20 s, of which 600 are shared; their growth in MiB a minute."""
    readings = tuple(
        MemoryReading(
            pid=pid, at_s=at / 5, rss_bytes=(980 << 20) + own, anonymous_bytes=(900 << 20) + own, shmem_bytes=0,
            swap_bytes=0, pss_bytes=(680 << 20) + own, private_bytes=(380 << 20) + own, shared_bytes=600 << 20,
        )
        for at in range(100)
        for pid, rate in ((4712, first), (4713, second))
        for own in [round(256 * rate * at / 300) * 4096]
    )  # fmt: skip
    built = Memory(
        cost=cost(method="/proc", cpu_s=0.1, lost=0), readings=readings, started_s={4712: -7200.0, 4713: -7200.0},
        slack_bytes=0, forked=(), unwalked=None, limit_bytes=None, limit_source="", used_bytes=None, oom_kills=0,
    )  # fmt: skip
    return replace(built, **changes)


def observations(**changes: Any) -> Observations:
    built = Observations(
        samples=samples(),
        threads=Threads(cost=cost(), rounds=(), times=()),
        values=Values(cost=cost(), walks=250, failed=3, sites=()),
    )
    return replace(built, **changes)


def source(**changes: Any) -> Source:
    return replace(
        Source(file=FEATURES, first_line=85, text=NORMALISE, sha256="9b" * 32, function="normalise"), **changes
    )


def audit(**changes: Any) -> Audit:
    built = Audit(
        schema=SCHEMA, tool="perftools 0.1.0", target=target(), quality=quality(), observations=observations(),
        sources=(source(),),
    )  # fmt: skip
    return replace(built, **changes)


def where(line: int = 90, file: str = FEATURES, function: str = "normalise", end_line: int | None = None) -> Where:
    return Where(file=file, line=line, function=function, end_line=end_line)


def finding(**changes: Any) -> Finding:
    built = Finding(
        rule="list-hot-path",
        severity="high",
        title="A Python loop over 50 000 floats",
        where=where(90, end_line=91),
        share=share(0.38, 0.35, 0.41),
        evidence=(
            Measure(label="samples of its own", estimate=Estimate(value=2413, low=2413, high=2413, unit="", n=2413)),
            Measure(label="peak, worker 4712", estimate=share(0.39, 0.35, 0.43)),
            "called in the loop at scoring/api.py:44",
        ),
        facts=(
            Fact(name="rows", type=Type(name="list", items=(Type(name="float"),)), sizes=(50_000,), observations=212),
            Fact(name="mean", type=Type(name="float"), sizes=(), observations=214),
        ),
        heat=((91, 0.71), (90, 0.27), (89, 0.01)),
        why="Python unpacks two floats, subtracts, divides, boxes the result and appends it: five interpreter steps "
        "for each of 50 000 elements, in every request.",
        todo="Keep the column as a numpy array, made once when the store loads, and write the loop as one array "
        "expression: (rows - mean) / std.",
        fingerprint="list-hot-path:scoring/features.py:normalise:for x in rows",
        entry=where(36, API, "score_pairs"),
        rank=0.35,
    )
    return replace(built, **changes)


def pandas_finding(**changes: Any) -> Finding:
    return finding(
        **{
            "rule": "pandas-hot-path",
            "severity": "medium",
            "title": "A DataFrame is built in every request",
            "where": where(52, API, "Scorer.table", end_line=54),
            "share": share(0.14, 0.11, 0.18),
            "evidence": ("71 distinct pandas lines in 100 samples",),
            "facts": (Fact(name="df", type=Type(name="DataFrame"), sizes=(200, 12), observations=90),),
            "heat": (),
            "why": "pandas spends its time on indexes, dtypes and block managers, not on the 200 rows.",
            "todo": "Build numpy arrays once at start, and index them with the candidate ids.",
            "fingerprint": "pandas-hot-path:scoring/api.py:Scorer.table:pd.DataFrame",
            **changes,
        }
    )


def time_line(
    place: Where, value: float, running: float | None, native: float | None, waiting: float = 0.0, does: str = ""
) -> TimeLine:
    low, high = max(value - 0.02, 0.0), value + 0.02
    return TimeLine(
        where=place, share=share(value, low, high), running=running, native=native, waiting=waiting, does=does
    )


def time_table(**changes: Any) -> TimeTable:
    built = TimeTable(
        lines=(
            time_line(where(91), 0.27, 0.26, 0.01),
            time_line(where(52, API, "Scorer.table"), 0.14, 0.12, 0.02, does="pandas DataFrame.__init__"),
            time_line(where(90), 0.11, 0.11, 0.0),
            time_line(where(64, API, "Scorer.rank"), 0.09, 0.01, 0.08, does="numpy matmul"),
            time_line(where(71, API, "score_pairs"), 0.054, 0.05, 0.0, waiting=0.12, does="json"),
            time_line(where(778, FRAME, "DataFrame.__init__"), 0.031, 0.03, 0.0),
        ),
        functions=(
            time_line(where(85), 0.38, 0.37, 0.01),
            time_line(where(50, API, "Scorer.table"), 0.14, 0.12, 0.02),
            time_line(where(36, API, "score_pairs"), 0.07, 0.06, 0.01, waiting=0.3),
        ),
        of="cpu",
        cpu_percent=196.0,
        running=0.74,
        native=0.19,
        unseen=0.07,
    )
    return replace(built, **changes)


def diagnosis(**changes: Any) -> Diagnosis:
    built = Diagnosis(
        verdict=(
            Clause(text="A Python loop over 50 000 floats takes 38 % of the CPU.", finding=1),
            Clause(text="A DataFrame built in every request takes 14 %.", finding=2),
        ),
        findings=(finding(), pandas_finding()),
        checked_ok=(),
        not_checked=(),
        time=time_table(),
        processes=(
            ProcessLoad(pid=4712, cpu_percent=99.0, samples=2400, top=where(91)),
            ProcessLoad(pid=4713, cpu_percent=97.0, samples=2217, top=where(91)),
        ),
    )
    return replace(built, **changes)


def healthy() -> Diagnosis:
    """No rule fires."""
    return diagnosis(
        verdict=(Clause(text="Nothing stands out: 61 % of the CPU is native code, most of it in Scorer.rank()."),),
        findings=(),
        checked_ok=(
            Ok(rule="list-hot-path", says="no loop over numbers takes 5 % of the CPU"),
            Ok(rule="pandas-hot-path", says="no pandas call in 4 617 stacks"),
        ),
    )


def idle() -> tuple[Audit, Diagnosis]:
    """Too little load to judge any rule."""
    missing = Missing(
        code="E-IDLE", reason="idle, not loaded: 12 busy samples in 40 s", remedy="audit again while it serves requests"
    )
    seen = audit(
        observations=observations(samples=samples(12)), quality=quality(window_s=40.0, loaded=False, ended="extended")
    )
    meant = diagnosis(
        verdict=(Clause(text="Not loaded: 12 busy samples in 40 s."),),
        findings=(),
        not_checked=tuple(Unjudged(rule=rule, missing=missing) for rule in ("list-hot-path", "pandas-hot-path")),
        time=time_table(lines=(time_line(where(778, FRAME, "wait"), 0.6, 0.6, 0.0, waiting=3.0),), cpu_percent=0.3),
    )
    return seen, meant


def stackless() -> tuple[Audit, Diagnosis]:
    """The sampler gave nothing."""
    missing = Missing(code="E-PTRACE", reason="the sampler may not read pid 4712", remedy=None)
    meant = diagnosis(
        verdict=(Clause(text="Stacks could not be read: the sampler may not read pid 4712."),),
        findings=(),
        not_checked=tuple(Unjudged(rule=rule, missing=missing) for rule in ("list-hot-path", "pandas-hot-path")),
        time=missing,
        processes=(),
    )
    return audit(observations=observations(samples=missing)), meant
