"""Resources by the USE method: of each, how much is used, what work waits for it, and errors.

Utilisation, saturation, errors: Brendan Gregg, "Thinking Methodically about Performance", ACM Queue 10(12), 2012.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from perftools.causes.waiting import Load, load_by_process, total
from perftools.finding import Diagnosis
from perftools.record import Audit, Cpus, Memory, Missing, Samples, Sched
from perftools.report.memory_summary import held
from perftools.report.memory_summary import total as held_by_all
from perftools.report.page import Column, Page, Span
from perftools.report.sched_summary import gil_held
from perftools.report.words import GLUE, clean, count, glued, mean, memory, percent, plural

INDENT = 4
HANG = 12
COLUMNS = ("resource", "used", "saturation", "errors")
NOTHING = "–"
NOT_LOOKED_AT = "n/a, see below"
NOTEWORTHY = 0.05
"""CPUs that others use, and waiting threads, from which they are named."""
LOST = 0.01
"""Part of the stacks lost from which that is said here."""
SWAPPED_BYTES = 1 << 20
"""Swap from which it is said."""
MARKS = 3
RULES: dict[str, tuple[str, ...]] = {
    "CPU": ("oversubscribed", "surplus-workers", "noisy-neighbour"),
    "GIL": ("gil-bound", "event-loop-blocked"),
    "memory": ("memory-growth", "fork-memory", "allocation-churn"),
    "cgroup": ("cpu-throttled",),
}
"""Whose findings explain a row."""
LIMITS = {"cpu.max": "CPU quota", "cpu.cfs_quota_us": "CPU quota", "status Cpus_allowed_list": "CPU affinity"}
"""The files that set how many CPUs there are, in words."""
LEGEND = "Saturation: work that is ready and has to wait; threads on average over the window."


class Row(NamedTuple):
    """One resource; each cell of one line or a few."""

    resource: str
    used: Sequence[str]
    saturation: Sequence[str]
    errors: Sequence[str] = ()


def write(page: Page, audit: Audit, diagnosis: Diagnosis) -> None:
    """Nothing where scheduling was not recorded: the reason stands with the rules that were not checked."""
    sched = audit.observations.sched
    if isinstance(sched, Missing):
        return
    loads = load_by_process(sched)
    page.blank()
    page.write(("RESOURCES", "bold"))
    rows = [_cpu(audit, sched, total(loads.values())), _gil(audit, sched, loads)]
    rows += [_memory(sched, audit.observations.memory), _cgroup(audit, sched)]
    lines = [line for row in rows for line in _lines(row, _marks(row.resource, diagnosis))]
    bare = [line[:-1] for line in lines]
    if _fits(page, lines):
        page.table([Column(head) for head in COLUMNS], lines, indent=INDENT)
    elif not any(row.errors for row in rows) and _fits(page, bare):
        page.table([Column(head) for head in COLUMNS[:-1]], bare, indent=INDENT)
    else:
        for row in rows:
            _narrow(page, row, _marks(row.resource, diagnosis))
    page.write((glued(_legend(sched, audit.observations.memory)), "dim"), indent=INDENT, hang=INDENT)
    if sched.gil is not None:
        remedy = f"; {sched.gil.remedy}" if sched.gil.remedy else ""
        page.write(f"GIL: waiting not looked at: {glued(sched.gil.reason + remedy)}", indent=INDENT, hang=INDENT)


def _cpu(audit: Audit, sched: Sched, load: Load) -> Row:
    cpus = audit.target.cpus
    part = load.running / cpus.effective if cpus.effective > 0 else 0.0
    used = [f"{mean(load.running)} of {_cpus(cpus.effective)} ({percent(part)})", f"limit: {_limit(cpus)}"]
    others, stolen = _elsewhere(sched, load)
    if others >= NOTEWORTHY:
        used.append(f"others use {mean(others)} CPUs")
    if stolen >= NOTEWORTHY:
        used.append(f"hypervisor takes {mean(stolen)} CPUs")
    waiting = load.cpu_waiting / load.runnable if load.runnable > 0 else 0.0
    saturation = [
        f"{_threads(load.cpu_waiting)} for a CPU",
        f"{percent(waiting)} of {mean(load.runnable)} runnable threads",
    ]
    return Row("CPU", used, saturation, list(_lost(audit.observations.samples)))


def _elsewhere(sched: Sched, load: Load) -> tuple[float, float]:
    """Of the CPUs that the service may use, how many other programs and the hypervisor took."""
    span_s = sched.span_s or 1.0
    return max(sched.host.busy_s / span_s - load.running, 0.0), sched.host.stolen_s / span_s


def _gil(audit: Audit, sched: Sched, loads: Mapping[int, Load]) -> Row:
    held = gil_held(audit.observations.samples)
    if held:
        most = max(held, key=lambda pid: held[pid])
        used = [f"held {percent(held[most])} of the time"]
        if len(held) > 1:
            used += [f"in pid{GLUE}{most}; mean of {count(len(held))}: {percent(sum(held.values()) / len(held))}"]
    else:
        used = ["not sampled"]
    waiters = {pid: load.gil_waiting for pid, load in loads.items() if load.gil_waiting is not None}
    if sched.gil is not None or not waiters:
        return Row("GIL", used, [NOT_LOOKED_AT if sched.gil is not None else "not looked at"])
    worst = max(waiters, key=lambda pid: waiters[pid])
    saturation = [f"{_threads(waiters[worst])} for it"]
    if len(waiters) > 1 and waiters[worst] >= NOTEWORTHY:
        saturation.append(f"in pid{GLUE}{worst}; {mean(sum(waiters.values()))} in all")
    blind = [process.pid for process in audit.target.workers if process.pid in loads and process.pid not in waiters]
    errors = [f"{plural(len(blind), 'worker')} not seen"] if blind else []
    return Row("GIL", used, saturation, errors)


def _memory(sched: Sched, seen: Memory | Missing) -> Row:
    free = f"{memory(sched.host.memory_available_bytes)} of {memory(sched.host.memory_bytes)} available"
    if isinstance(seen, Missing) or not (found := held(seen)):
        resident = [process.rss_bytes for process in sched.processes if process.rss_bytes > 0]
        return Row("memory", [_processes(sum(resident), len(resident))], [free])
    whole = held_by_all(found)
    used, saturation = [_processes(whole.bytes, whole.processes)], [free]
    if seen.limit_bytes:
        limit = f"the limit of {memory(seen.limit_bytes)}"
        used.append(limit if seen.used_bytes is None else f"{percent(seen.used_bytes / seen.limit_bytes)} of {limit}")
    if whole.swap_bytes >= SWAPPED_BYTES:
        saturation.insert(0, f"{memory(whole.swap_bytes)} swapped out")
    errors = [plural(seen.oom_kills, "OOM kill")] if seen.oom_kills else []
    return Row("memory", used, saturation, errors)


def _processes(size_bytes: int, number: int) -> str:
    return f"{memory(size_bytes)}{f' in {count(number)} processes' if number > 1 else ' resident'}"


def _cgroup(audit: Audit, sched: Sched) -> Row:
    group, cpus = sched.cgroup, audit.target.cpus
    if group is None:
        if cpus.effective < sched.host.usable - 1e-3:
            return Row("cgroup", [f"quota of {_cpus(cpus.effective)}"], ["throttling not known"])
        return Row("cgroup", ["no CPU quota"], [NOTHING])
    used = [f"quota of {_cpus(group.quota)}"]
    if not group.throttled_periods:
        return Row("cgroup", used, [f"throttled in 0 of {plural(group.periods, 'period')}"])
    held_back = f"{group.throttled_s:.1f}{GLUE}s, summed over CPUs"
    part = group.throttled_periods / group.periods if group.periods else 0.0
    return Row("cgroup", used, [f"throttled in {percent(part)} of {plural(group.periods, 'period')}", held_back])


def _lost(samples: Samples | Missing) -> Iterator[str]:
    if isinstance(samples, Missing):
        yield "no stacks"
        return
    tried = sum(len(stream.stacks) for stream in samples.streams) + samples.cost.lost
    if tried and samples.cost.lost >= LOST * tried:
        yield f"{percent(samples.cost.lost / tried)} of stacks lost"


def _threads(number: float) -> str:
    said = mean(number)
    return f"{said} threads wait" if said != "0" else "no thread waits"


def _cpus(number: float) -> str:
    said = f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{said}{GLUE}CPU{'' if said == '1' else 's'}"


def _limit(cpus: Cpus) -> str:
    file = cpus.source.rpartition("/")[2]
    return LIMITS.get(file, clean(file))


def _legend(sched: Sched, seen: Memory | Missing) -> str:
    if isinstance(seen, Missing):
        twice = sum(process.rss_bytes > 0 for process in sched.processes) > 1
    else:
        twice = held_by_all(held(seen)).shared_twice
    return f"{LEGEND} Memory that processes share is counted in each." if twice else LEGEND


def _marks(resource: str, diagnosis: Diagnosis) -> str:
    """The numbers of the findings that explain it."""
    findings = enumerate(diagnosis.findings, start=1)
    return " ".join([f"[{number}]" for number, finding in findings if finding.rule in RULES[resource]][:MARKS])


def _lines(row: Row, marks: str) -> Iterator[tuple[str, ...]]:
    label = f"{row.resource} {marks}".rstrip()
    yield from zip_longest([label], row.used, row.saturation, row.errors or [NOTHING], fillvalue="")


def _fits(page: Page, lines: Sequence[tuple[str, ...]]) -> bool:
    widest = [max(map(len, column)) for column in zip(COLUMNS[: len(lines[0])], *lines, strict=True)]
    return page.fits(("  ".join("x" * width for width in widest)), indent=INDENT)


def _narrow(page: Page, row: Row, marks: str) -> None:
    mark: list[Span] = [(marks, "bold"), " "] if marks else []
    for index, (head, cell) in enumerate(zip(COLUMNS[1:], (row.used, row.saturation, row.errors), strict=True)):
        if cell and cell != [NOTHING]:
            said = [*([] if index else mark), (f"{head}: ", "dim"), ", ".join(cell)]
            page.write(*said, label="" if index else row.resource, indent=INDENT, hang=HANG)
