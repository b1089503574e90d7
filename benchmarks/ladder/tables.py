"""The ladder as text and as tables for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from .. import core, report
from ..report import Aim
from . import plan
from .results import Ladder, Timing

Draw = Callable[[Sequence[str], "Iterator[list[str]]"], str]
BASE = "lists"
"""What others are faster or slower than."""


def text(ladder: Ladder, aims: Sequence[Aim], machine: Mapping[str, str], missing: Mapping[str, list[str]]) -> str:
    """For the terminal."""
    return "\n\n".join(
        [
            "\n".join(f"{name}: {value}" for name, value in machine.items()),
            *_parts(ladder, aims, missing, report.columns),
        ]
    )


def write_docs(
    ladder: Ladder, aims: Sequence[Aim], machine: Mapping[str, str], missing: Mapping[str, list[str]]
) -> None:
    """Into the page of the benchmarks, between the markers of this section."""
    report.write("core", [report.sentence(machine), *_parts(ladder, aims, missing, report.markdown)])


def _parts(ladder: Ladder, aims: Sequence[Aim], missing: Mapping[str, list[str]], draw: Draw) -> Iterator[str]:
    for n in sorted({timing.n for timing in ladder.timings}):
        of_size = [timing for timing in ladder.timings if timing.n == n and not timing.form.startswith(plan.BATCH)]
        for head in ("linear", "mlp"):
            of_head = [timing for timing in of_size if timing.form.endswith("/mlp") == (head == "mlp")]
            if of_head:
                of_head.sort(key=lambda timing: -timing.median_us)
                probe = f"; the probe takes {report.number(ladder.limit_us[n])} µs" if n in ladder.limit_us else ""
                yield f"N = {n}, {head} head{probe}"
                base = ladder.get(plan.title(BASE, head), n)
                heads = ("form", "median, µs", "quartiles", "CPU, µs", f"over {BASE}", "of the probe")
                yield draw(heads, (_cells(ladder, timing, base) for timing in of_head))
    batches = [timing for timing in ladder.timings if timing.form.startswith(plan.BATCH)]
    if batches:
        yield f"Batch of {plan.BATCH_USERS} users x {plan.BATCH_PEERS} shared peers"
        batch_heads = ("", "median, µs", "quartiles", "CPU, µs", "of sgemm's peak")
        yield draw(batch_heads, (_batch_cells(ladder, timing) for timing in batches))
    yield draw(report.AIM_HEADS, (aim.cells() for aim in aims))
    for name, lacks in missing.items():
        yield f"{name}: not installed ({', '.join(lacks)})"


def _cells(ladder: Ladder, timing: Timing, base: Timing | None) -> list[str]:
    share = ladder.shares.get((timing.form, timing.n))
    return [
        timing.form.removesuffix("/mlp") + (" *" if timing.form.removesuffix("/mlp") in core.peers() else ""),
        *_times(timing),
        "" if base is None else f"{report.number(base.median_us / timing.median_us)}x",
        "" if share is None else f"{report.number(100 * share)} %",
    ]


def _batch_cells(ladder: Ladder, timing: Timing) -> list[str]:
    part, share = timing.form.removeprefix(plan.BATCH).strip(), ladder.shares[timing.form, timing.n]
    return [part or "whole", *_times(timing), "" if part == plan.TOP_K.strip() else f"{report.number(100 * share)} %"]


def _times(timing: Timing) -> list[str]:
    low, high = report.number(timing.low_us), report.number(timing.high_us)
    return [report.number(timing.median_us), f"{low} to {high}", report.number(timing.cpu_us)]
