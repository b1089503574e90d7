"""What the benchmark commands have in common: aims, tables, the machine, progress and pages of documentation."""

from __future__ import annotations

import importlib.metadata
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).with_name("README.md")


class Aim(NamedTuple):
    """A figure and what it should be."""

    what: str
    value: float | None
    """None: not measured."""
    bound: float
    unit: str
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.value is not None and (self.value <= self.bound if self.at_most else self.value >= self.bound)

    @property
    def verdict(self) -> str:
        return "not measured" if self.value is None else "met" if self.met else "not met"

    def cells(self) -> list[str]:
        value = "–" if self.value is None else f"{number(self.value)}{self.unit}"
        return [self.what, f"{'<=' if self.at_most else '>='} {self.bound:g}{self.unit}", value, self.verdict]


AIM_HEADS = ("aim", "bound", "measured", "")


def number(value: float) -> str:
    """With three digits that count."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def machine(blas: tuple[str | None, int | None]) -> dict[str, str]:
    """The conditions of a run: machine, date, versions, and the core that BLAS has chosen its kernels for."""
    from .diagnosis.tables import conditions

    core, threads = blas
    found = {name: value for name, value in conditions().items() if name in ("date", "machine", "python")}
    for package in ("numpy", "pandas", "numba", "torch", "faiss-cpu", "onnxruntime", "uvicorn", "uvloop"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    found["blas"] = "not OpenBLAS" if core is None else f"OpenBLAS, core {core}, {threads} threads"
    found["load average"] = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
    return found


def sentence(conditions: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in conditions.items())


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for the terminal: the first column to the left, the others to the right."""
    table = [heads, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths)))
        for row in table
    )


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in table)


def write(section: str, parts: Iterable[str], page: Path = PAGE) -> None:
    """Put `parts` between the section's markers. Raises ValueError where the page has no such markers."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"{page.name} has no {begin} and {end}")
    page.write_text("\n\n".join([before + begin, *parts, end + after]), encoding="utf-8")


def say(line: str) -> None:
    """Progress."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)
