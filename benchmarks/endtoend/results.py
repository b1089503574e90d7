"""What the end-to-end run found: rows, aims, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .. import report
from ..report import Aim
from . import setups
from .drive import Loaded, Saturated
from .fuzz import Fuzzed

Draw = Callable[[Sequence[str], "Iterator[list[str]]"], str]
HEADS = ("service", "payload", "requests/s", "CPU, µs", "p50, ms", "p99, ms", "at requests/s")
AFTER = "numpy"
"""The service that the aims are about."""


class Row(NamedTuple):
    """A service under one kind of requests."""

    name: str
    payload: str
    saturated: Saturated
    loaded: Loaded


class EndToEnd(NamedTuple):
    """Everything that was measured."""

    rows: list[Row]
    generator: Row
    """Against the no-op server, its open loop at the fastest service's rate."""
    codec_us: float
    """CPU of reading a request in JSON, checking it, and writing its answer."""
    fuzzed: Fuzzed | None
    lacking: dict[str, list[str]]
    """Services left out, and the packages that they need."""

    def get(self, name: str, payload: str = "JSON") -> Row | None:
        return next((row for row in self.rows if (row.name, row.payload) == (name, payload)), None)


def aims(found: EndToEnd) -> list[Aim]:
    after, no_op, refreshed = found.get(AFTER), found.get(AFTER, "no-op"), found.get("cached, refreshed all the time")

    def over(name: str, payload: str) -> float | None:
        before = found.get(name, payload)
        return after.saturated.rate / before.saturated.rate if after and before else None

    share = None
    if after and no_op:
        share = 100 * (no_op.saturated.cpu_us + found.codec_us) / after.saturated.cpu_us
    fastest = max((row.saturated.rate for row in found.rows if row.payload != "no-op"), default=0)
    wrong = sum(row.saturated.errors + row.loaded.lost for row in found.rows)
    done = [
        Aim(f"{AFTER} in JSON over lists, {setups.BEFORE}", over(f"lists, {setups.BEFORE}", "objects"), 25, "x"),
        Aim(
            f"{AFTER} in JSON over pandas, {setups.BEFORE}", over(f"pandas_apply, {setups.BEFORE}", "objects"), 150, "x"
        ),
        Aim("(no-op + codec) / request, of the CPU", share, 40, " %", at_most=True),
        Aim("p99 at 20 % of saturation", after and after.loaded.p99_ms, 3, " ms", at_most=True),
        Aim("p99 while embeddings are refreshed", refreshed and refreshed.loaded.p99_ms, 3, " ms", at_most=True),
        Aim("generator on the no-op server, over the fastest service", _ratio(found, fastest), 1.5, "x"),
        Aim("requests without an answer of 200", float(wrong), 0, "", at_most=True),
    ]
    if found.fuzzed is not None:
        of = f"of {found.fuzzed.sent} fuzzed requests"
        done.append(Aim(f"wrong answers, {of}", float(len(found.fuzzed.wrong)), 0, "", at_most=True))
        done.append(Aim(f"memory growth, {of}", found.fuzzed.growth_kib / 1024, 4, " MiB", at_most=True))
    return done


def _ratio(found: EndToEnd, fastest: float) -> float | None:
    return found.generator.saturated.rate / fastest if fastest else None


def parts(found: EndToEnd, judged: Sequence[Aim], draw: Draw) -> Iterator[str]:
    """Text of the tables; `draw` makes one."""
    yield (
        f"One worker on a CPU of its own; {setups.CANDIDATES} candidates. Requests/s and CPU at saturation; latencies "
        "in an open loop at 20 % of that, from the scheduled time."
    )
    yield draw(HEADS, (cells(row) for row in [*found.rows, found.generator]))
    yield f"Codec alone (JSON in, checked, JSON out): {report.number(found.codec_us)} µs of CPU."
    if alone := list(_form_alone(found)):
        yield "\n".join(alone)
    yield draw(report.AIM_HEADS, (aim.cells() for aim in judged))
    for name, lacks in found.lacking.items():
        yield f"{name}: not installed ({', '.join(lacks)})"


def _form_alone(found: EndToEnd) -> Iterator[str]:
    """How much of the gain is the scorer's: the same good layers around each form."""
    after = found.get(AFTER)
    for form in ("lists", "pandas_apply", "pandas"):
        if after and (row := found.get(form)):
            ratio = report.number(after.saturated.rate / row.saturated.rate)
            yield f"With every other layer the same, {AFTER} over {form}: {ratio}x the requests/s."


def cells(row: Row) -> list[str]:
    figures = (row.saturated.rate, row.saturated.cpu_us, row.loaded.p50_ms, row.loaded.p99_ms, row.loaded.rate)
    return [row.name, row.payload, *map(report.number, figures)]


def document(found: EndToEnd, machine: Mapping[str, str]) -> dict[str, Any]:
    """For `--json`."""

    def row(of: Row) -> dict[str, Any]:
        nested = {"saturated": of.saturated._asdict(), "open_loop": of.loaded._asdict()}
        return {"service": of.name, "payload": of.payload, **nested}

    return {
        "services": [row(of) for of in found.rows],
        "generator": row(found.generator),
        "codec_us": found.codec_us,
        "fuzzed": found.fuzzed._asdict() if found.fuzzed else None,
        "machine": dict(machine),
    }
