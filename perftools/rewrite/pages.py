"""The pages for people, from timings.json: the table in a recipe's README.md, and the index of all recipes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from perftools.rewrite.timings import FASTER, Timing, Timings

if TYPE_CHECKING:
    from perftools.rewrite.catalogue import Folder

TIMINGS = ("<!-- timings -->", "<!-- /timings -->")
RECIPES = ("<!-- recipes -->", "<!-- /recipes -->")
_CLOCKS = {"cpu": "CPU time", "wall": "Wall time"}


def pages(folders: Sequence[Folder]) -> Iterator[tuple[Path, str]]:
    """Every generated page of these recipes, which are all of their packages, and the text that it should have.

    Raises ValueError for a page without its markers.
    """
    for folder in folders:
        path = folder.path / "README.md"
        if folder.shipped is not None and path.is_file():
            yield path, _between(path, TIMINGS, timing_table(folder.shipped))
    for root in sorted({folder.path.parent for folder in folders}):
        path = root / "README.md"
        if path.is_file():
            yield path, _between(path, RECIPES, index([each for each in folders if each.path.parent == root]))


def stale(folders: Sequence[Folder]) -> list[Path]:
    """The pages that are not what timings.json and the recipes say."""
    return [path for path, text in pages(folders) if path.read_text(encoding="utf-8") != text]


def write(folders: Sequence[Folder]) -> list[Path]:
    """Bring the pages up to date; those that were not. Raises OSError, ValueError."""
    written = []
    for path, text in list(pages(folders)):
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def timing_table(timings: Timings) -> str:
    """One line a variant and size, and where the numbers are from."""
    several = len({row.variant for row in timings.rows}) > 1
    lines = [
        f"| {'input | ' if several else ''}n | before | after | speed-up | 95 % interval |",
        f"|{' --- |' if several else ''} ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in timings.rows:
        first = f"{row.variant} | " if several else ""
        lines.append(
            f"| {first}{row.n:,} | {_time(row.before_us)} | {_time(row.after_us)} | {_speedup(row)} "
            f"| {_ratio(row.low)}–{_ratio(row.high)} |"
        )
    clock = _CLOCKS[timings.clock]
    return "\n".join(
        [*lines, "", f"{clock} of a call: {_origin(timings)}. Bold: worth offering (at least {FASTER:g}x)."]
    )


def index(folders: Sequence[Folder]) -> str:
    """One line a recipe."""
    lines = ["| recipe | level | what it does | speed-up |", "| --- | --- | --- | ---: |"]
    for folder in sorted(folders, key=lambda each: each.id):
        recipe = folder.recipe
        title = recipe.title.replace("|", "\\|")
        lines.append(f"| [{recipe.id}]({folder.path.name}/README.md) | {recipe.level} | {title} | {_range(folder)} |")
    machines = sorted({_where(each.shipped) for each in folders if each.shipped is not None})
    note = ["", f"Slowest and fastest of each recipe's timings, on {'; on '.join(machines)}."] if machines else []
    return "\n".join(lines + note)


def _between(path: Path, markers: tuple[str, str], table: str) -> str:
    text = path.read_text(encoding="utf-8")
    head, opening, rest = text.partition(markers[0])
    _, closing, tail = rest.partition(markers[1])
    if not (opening and closing):
        raise ValueError(f"{path} has no {markers[0]} … {markers[1]}")
    return f"{head}{opening}\n\n{table}\n\n{closing}{tail}"


def _range(folder: Folder) -> str:
    if folder.shipped is None:
        return "–"
    speedups = [row.speedup for row in folder.shipped.rows]
    low, high = _ratio(min(speedups)), _ratio(max(speedups))
    return f"{low}x" if low == high else f"{low}–{high}x"


def _origin(timings: Timings) -> str:
    pairs = sorted({row.pairs for row in timings.rows})
    count = f"{pairs[0]}" if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]}"
    return f"median of {count} pairs of fresh processes on {_where(timings)}, {timings.date}"


def _where(timings: Timings) -> str:
    machine = timings.machine
    packages = "".join(f", {name} {number}" for name, number in sorted(machine.packages.items()))
    return f"{machine.cpu} ({machine.cpus} CPUs), Python {machine.python}{packages}"


def _speedup(row: Timing) -> str:
    return f"**{_ratio(row.speedup)}x**" if row.faster else f"{_ratio(row.speedup)}x"


def _ratio(value: float) -> str:
    """Three digits and no exponent: 0.91, 1.35, 37.5, 1,240."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:#.3g}"


def _time(microseconds: float) -> str:
    for limit, unit, scale in ((1e3, "µs", 1.0), (1e6, "ms", 1e3)):
        if microseconds < limit:
            return f"{_ratio(microseconds / scale)} {unit}"
    return f"{_ratio(microseconds / 1e6)} s"
