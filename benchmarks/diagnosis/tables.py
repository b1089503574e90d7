"""The suite's results as plain text and as Markdown."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from .judge import Outcome, Totals, total


def conditions() -> dict[str, str]:
    """Machine, date and versions."""
    versions = {name: importlib.metadata.version(name) for name in ("py-spy", "perftools-ml") if _is_installed(name)}
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{_cpu_model()}, {os.cpu_count()} CPUs, Linux {platform.release()}",
        "python": platform.python_version(),
        **versions,
    }


def text(outcomes: Sequence[Outcome]) -> str:
    """A line for each case and each of its findings, then the totals of each set and of all."""
    lines = [f"{'case':34} {'python':7} {'cpu':>5} {'result':24} findings"]
    for outcome in outcomes:
        cpu = f"{outcome.cpu_percent:.0f}%" if outcome.cpu_percent is not None else ""
        first, *others = outcome.findings or [""]
        lines.append(f"{outcome.set + '/' + outcome.case:34} {outcome.python:7} {cpu:>5} {_result(outcome):24} {first}")
        lines += [f"{'':73} {finding}" for finding in others]
    return "\n".join([*lines, "", *(f"{name}: {_sentence(figures)}" for name, figures in _by_set(outcomes))])


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The totals, a column for each set, as a table for the docs."""
    sets = _by_set(outcomes)
    rows = [("", [name for name, _ in sets]), ("---", ["---:" for _ in sets])]
    rows += [
        ("causes / healthy services", [f"{of.causes} / {of.healthy}" for _, of in sets]),
        ("recall", [_ratio(of.right, of.causes) for _, of in sets]),
        ("precision", [_ratio(of.right, of.right + of.wrong) for _, of in sets]),
        ("first finding right", [f"{of.first_right}/{of.first_judged}" for _, of in sets]),
        ("healthy with an alarm", [f"{of.healthy_alarms}/{of.healthy}" for _, of in sets]),
        ("… of medium or higher", [f"{of.healthy_medium}/{of.healthy}" for _, of in sets]),
        ("skipped, not judged", [f"{of.skipped}, {of.failed}" for _, of in sets]),
    ]
    basis = "; ".join(f"{name} {value}" for name, value in conditions().items())
    return "\n".join("| " + " | ".join([head, *cells]) + " |" for head, cells in rows) + f"\n\n{basis}\n"


def _by_set(outcomes: Sequence[Outcome]) -> list[tuple[str, Totals]]:
    names = sorted({outcome.set for outcome in outcomes})
    figures = [(name, total([outcome for outcome in outcomes if outcome.set == name])) for name in names]
    return figures + ([("all", total(outcomes))] if len(names) > 1 else [])


def _sentence(of: Totals) -> str:
    parts = [
        f"recall {_ratio(of.right, of.causes)}",
        f"precision {_ratio(of.right, of.right + of.wrong)}",
        f"first finding right {of.first_right}/{of.first_judged}",
        f"healthy with an alarm {of.healthy_alarms}/{of.healthy} ({of.healthy_medium} medium or higher)",
    ]
    parts += [f"skipped {of.skipped}"] if of.skipped else []
    parts += [f"not judged {of.failed}"] if of.failed else []
    return ", ".join(parts)


def _result(outcome: Outcome) -> str:
    if outcome.skipped is not None:
        return "skipped"
    if outcome.failed is not None:
        return "not judged"
    if outcome.kind == "healthy":
        return f"ALARM {outcome.alarm}" if outcome.alarm else "quiet"
    return f"{outcome.right}/{outcome.causes} found" + (f", {outcome.wrong} wrong" if outcome.wrong else "")


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({part}/{whole})" if whole else "n/a"


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
