"""Recipes for people: the table of all, a page, and what they did to a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from perftools.report.words import clean


class _Speedup(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def machine(self) -> Any: ...


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a recipe: id, level, how much faster it was, what it does."""
    cells = [(row["id"], row["level"], _range(row["timings"]), row["title"]) for row in rows]
    heads = ("recipe", "level", "faster", "what")
    widths = [max(len(row[n]) for row in (heads, *cells)) for n in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
             for row in (heads, *cells)]  # fmt: skip
    return "\n".join(clean(line).rstrip() for line in lines) + "\n"


def page(text: str) -> str:
    """A recipe's page, without what could steer a terminal."""
    return "\n".join(clean(line) for line in text.splitlines()) + "\n"


def applied(path: str, outcome: Any, *, colour: bool) -> str:
    """The diff of an `Outcome`, then each place that was taken or refused, with its line and why."""
    lines = [_painted(clean(line), colour=colour) for line in _diff(path, outcome).splitlines()]
    rows = [(each.line, "taken", _taken(each)) for each in outcome.taken]
    rows += [(each.line, "left", f"{each.recipe}: {each.reason} ({each.code})") for each in outcome.refused]
    if lines and rows:
        lines.append("")
    lines += [clean(f"{path}:{line}  {what:5}  {says}") for line, what, says in sorted(rows)]
    for each in outcome.taken:
        lines += [clean(f"{path}:{each.line}  decide {one.question} (taken for granted: {one.preset})")
                  for one in each.decisions]  # fmt: skip
    return "\n".join(lines or [f"{clean(path)}: no recipe applies"]) + "\n"


def tried(proof: Any) -> str:
    """What came of trying a rewrite on recorded calls."""
    compared = f"{proof.recorded} recorded calls and {proof.generated} made from them"
    if proof.proved:
        return f"\n{clean(proof.function)}: the same in {compared}; the fast path ran in {min(proof.hits.values())}\n"
    return f"\n{clean(proof.function)}: not the same, nothing is written: {clean(proof.why_not)} ({compared})\n"


def document(path: str, outcome: Any, *, proof: Any = None, written: bool) -> str:
    """The same for programs, as JSON."""
    import msgspec

    taken = [
        {
            "recipe": each.recipe, "level": each.level, "function": each.function, "line": each.line,
            "end_line": each.end_line, "reason": each.reason, "size": each.size,
            "speedup": None if each.speedup is None else msgspec.to_builtins(each.speedup),
            "decisions": [one._asdict() for one in each.decisions],
        }
        for each in outcome.taken
    ]  # fmt: skip
    refused = [each._asdict() for each in outcome.refused]
    whole = {
        "path": path, "written": written, "diff": _diff(path, outcome), "taken": taken, "refused": refused,
        "proof": None if proof is None else msgspec.to_builtins(proof) | {"proved": proof.proved},
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(whole), indent=1).decode() + "\n"


def _diff(path: str, outcome: Any) -> str:
    import difflib

    before, after = (text.splitlines() for text in (outcome.before, outcome.after))
    return "\n".join(difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", lineterm=""))


def _taken(each: Any) -> str:
    said = f"{each.recipe} ({each.level}): {each.reason}"
    speedup: _Speedup | None = each.speedup
    if speedup is None:
        return f"{said}; size unknown"
    return (
        f"{said}; {speedup.value:.2g}x ({speedup.low:.2g}-{speedup.high:.2g}) at {speedup.n} on {speedup.machine.cpu}"
    )


def _range(timings: Sequence[Mapping[str, Any]]) -> str:
    """Slowest and fastest of its timings: "0.4-390x"."""
    if not timings:
        return "-"
    ratios = [row["speedup"] for row in timings]
    return f"{min(ratios):.2g}-{max(ratios):.3g}x"


def _painted(line: str, *, colour: bool) -> str:
    """Removed lines red and added ones green, as diffs are."""
    code = {"-": "31", "+": "32", "@": "36"}.get(line[:1])
    return f"\x1b[{code}m{line}\x1b[0m" if colour and code else line
