"""The figures as plain text, as JSON and as tables in the documentation."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..diagnosis.tables import conditions
from ..report import AIM_HEADS, Aim, columns, markdown, sentence, write
from .live import Trial
from .recording import CHANGES
from .replay import HALVES, TIMED, Noise, Rate

PAGE = Path(__file__).with_name("README.md")
SECTION = "generated"

RULE_HEADS = (
    "program, machine, metric",
    "limit",
    "processes",
    "trials at 0 %",
    "broken at 0 %",
    "trials at each other",
    *(f"broken at {change} %" for change in CHANGES if change),
    "inconclusive at 0 %",
    "median pairs, 0 / 10 %",
    "median time, 0 / 10 %",
    "said to be detectable",
)
FLOOR_HEADS = ("metric, limit", "trials at 0 %", "broken", "trials at 10 %", "broken", "trials at 20 %", "broken")
NOISE_HEADS = ("program, machine, metric", "pairs", "standard deviation", "largest", "99.5 % bounds that miss, of two")
LIVE_HEADS = (
    "truth",
    "trials",
    "broken",
    "pass",
    "inconclusive",
    "not measured",
    "named what grew",
    "median pairs",
    "median time",
)


class Results(NamedTuple):
    """Everything that one run of the suite found."""

    rates: list[Rate]
    floors: list[Rate]
    noise: list[Noise]
    counted: dict[str, tuple[int, float]]
    """By program and machine: counts of instructions, and their largest relative difference."""
    live: list[Trial]
    loads: list[float]
    """The machine's load averages while it was recorded."""


def text(results: Results) -> str:
    """All tables, for the terminal."""
    titled = ([title, columns(heads, rows)] for title, heads, rows in _tables(results))
    return "\n\n".join([sentence(_conditions(results)), *("\n".join(parts) for parts in titled)])


def document(results: Results) -> dict[str, Any]:
    """For `--json`."""
    return {
        "conditions": _conditions(results),
        "rates": [rate._asdict() for rate in results.rates],
        "floors": [rate._asdict() for rate in results.floors],
        "noise": [noise._asdict() for noise in results.noise],
        "counted": results.counted,
        "live": [trial._asdict() for trial in results.live],
        "aims": [[*aim, aim.verdict] for aim in aims(results)],
    }


def write_docs(results: Results) -> None:
    parts = [sentence(_conditions(results))]
    for title, heads, rows in _tables(results):
        parts += [f"### {title}", markdown(heads, rows)]
    write(SECTION, parts, PAGE)


def aims(results: Results) -> list[Aim]:
    """What was to be reached, on the half that the floors were not chosen on."""
    held = [rate for rate in results.rates if rate.half == HALVES[1]]

    def share(metrics: Sequence[str], change: int) -> float | None:
        of = [rate for rate in held if rate.metric in metrics and rate.change == change]
        trials = sum(rate.trials for rate in of)
        return 100 * sum(rate.broken for rate in of) / trials if trials else None

    per_thousand = share((*TIMED, "instructions"), 0)
    times = [trial.seconds for trial in results.live]
    agreeing = [trial.agrees for trial in results.live]
    return [
        Aim(
            "same code called broken, of 1,000",
            None if per_thousand is None else 10 * per_thousand,
            0,
            "",
            at_most=True,
        ),
        Aim("10 % slower caught, CPU time", share(["cpu_time"], 10), 95, " %"),
        Aim("20 % slower caught, CPU time", share(["cpu_time"], 20), 99, " %"),
        Aim("2 % slower caught, instructions", share(["instructions"], 2), 100, " %"),
        Aim("live checks that agree", 100 * statistics.mean(agreeing) if agreeing else None, 100, " %"),
        Aim("median time of a live check", statistics.median(times) if times else None, 30, " s", at_most=True),
    ]


def _conditions(results: Results) -> dict[str, str]:
    load = f"{min(results.loads):.1f} to {max(results.loads):.1f}" if results.loads else "not recorded"
    return {**conditions(), "load average while recording": load}


def _tables(results: Results) -> Iterator[tuple[str, Sequence[str], list[list[str]]]]:
    yield "Aims, on the processes held out", AIM_HEADS, [aim.cells() for aim in aims(results)]
    if results.rates:
        yield "The rule at each metric's floor", RULE_HEADS, list(_rule_rows(results.rates))
    if results.floors:
        yield "Limits that were tried, processes for tuning", FLOOR_HEADS, list(_floor_rows(results.floors))
    if results.noise:
        yield "Pairs of the same code", NOISE_HEADS, [*map(_noise_cells, results.noise), *_count_rows(results.counted)]
    if results.live:
        yield "Live, CPU time at a limit of 5 %", LIVE_HEADS, list(_live_rows(results.live))


def _rule_rows(rates: Sequence[Rate]) -> Iterator[list[str]]:
    for of in _grouped(rates, lambda rate: (rate.program, rate.machine, rate.metric, rate.half)):
        by_change = {rate.change: rate for rate in of}
        same, some = by_change[0], by_change.get(10)
        others = [by_change.get(change) for change in CHANGES if change]
        yield [
            f"{same.program}, {same.machine}, {same.metric}",
            f"{100 * same.limit:g} %",
            same.half,
            str(same.trials),
            str(same.broken),
            "" if some is None else str(some.trials),
            *("" if rate is None else f"{100 * rate.broken / rate.trials:.1f} %" for rate in others),
            f"{100 * same.inconclusive / same.trials:.1f} %",
            " / ".join(f"{rate.pairs:g}" for rate in (same, some) if rate),
            " / ".join(f"{rate.seconds:.1f} s" for rate in (same, some) if rate and rate.seconds is not None),
            f"{100 * same.detectable:.1f} %",
        ]


def _floor_rows(rates: Sequence[Rate]) -> Iterator[list[str]]:
    for of in _grouped(rates, lambda rate: (rate.metric, rate.limit)):
        cells = [f"{of[0].metric}, {100 * of[0].limit:g} %"]
        for change in (0, 10, 20):
            those = [rate for rate in of if rate.change == change]
            trials, broken = sum(rate.trials for rate in those), sum(rate.broken for rate in those)
            cells += [str(trials), str(broken) if not change else f"{100 * broken / trials:.1f} %"]
        yield cells


def _noise_cells(noise: Noise) -> list[str]:
    return [
        f"{noise.program}, {noise.machine}, {noise.metric}",
        str(noise.pairs),
        f"{100 * noise.typical:.2f} %",
        f"{100 * noise.largest:.1f} %",
        f"{100 * noise.beyond:.1f} %",
    ]


def _count_rows(counted: dict[str, tuple[int, float]]) -> Iterator[list[str]]:
    for name, (number, spread) in counted.items():
        yield [f"{name}, instructions", f"{number} counts", "", f"{100 * spread:.4f} %", ""]


def _live_rows(trials: Sequence[Trial]) -> Iterator[list[str]]:
    for of in _grouped(trials, lambda trial: trial.change):
        statuses = [trial.status for trial in of]
        yield [
            f"{of[0].change} % slower",
            str(len(of)),
            *(str(statuses.count(status)) for status in ("broken", "pass", "inconclusive", "not_measured")),
            str(sum(bool(trial.grew) for trial in of)) if of[0].change else "",
            f"{statistics.median(trial.pairs for trial in of):g}",
            f"{statistics.median(trial.seconds for trial in of):.0f} s",
        ]


def _grouped(each: Iterable[Any], key: Any) -> list[list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for one in each:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())
