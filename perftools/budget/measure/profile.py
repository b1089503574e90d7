"""Which functions grew: self times and calls of both sides under cProfile, for the same number of calls.

The profiler takes off what it adds to each call, but not what it costs otherwise: its times stand for shares and
nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final, Literal

import msgspec

from perftools.budget.measure.benchmark import Benchmark
from perftools.budget.measure.sides import Side
from perftools.budget.units import change

_REPEATS: Final = 7
_LEAST_SHARE: Final = 0.01
"""Of the whole: less is not what broke a budget."""
_MOST_NAMED: Final = 5
_MOST_BYTES: Final = 64 << 20
_INSIDE: Final = Path(__file__).with_name("inside")
_OURS: Final = frozenset(str(_INSIDE.parents[1] / name) for name in ("rounds.py", "pytest_plugin.py"))
_LIBRARY: Final = re.compile(r"/lib/python3\.\d+/(?:(?:site|dist)-packages/)?(.+)$")
_ANONYMOUS: Final = re.compile(r"\.<locals>\.<\w+>.*$")
"""A comprehension, generator or lambda: told as the function that holds it."""
_NESTED: Final = ".<locals>"

Profile = dict[str, float]
"""Self time in seconds, by function."""
Calls = dict[str, int]
"""How often each function was called."""


def grew(benchmark: Benchmark, calls: int) -> tuple[str, ...]:
    """The functions whose self time grew, most first: "features.encode +8.1 %", of the whole time of base.

    Raises Unmeasurable where a side does not run.
    """
    sides = (benchmark.side("base"), benchmark.side("head"))
    taken: dict[Literal["base", "head"], list[Profile]] = {"base": [], "head": []}
    called: dict[Literal["base", "head"], list[Calls]] = {"base": [], "head": []}
    for number in range(_REPEATS):
        for side in sides if number % 2 else reversed(sides):
            profile, counted = _profile(benchmark, side, calls, number)
            taken[side.name].append(profile)
            called[side.name].append(counted)
    return named(taken["base"], taken["head"], called_more(called["base"], called["head"]))


def called_more(base: Sequence[Calls], head: Sequence[Calls]) -> dict[str, float]:
    """The part by which calls of a function became more, of its calls in head: no noise is in that.

    Only of functions that each side calls equally often in every profile.
    """
    more = {}
    for name in {name for counted in head for name in counted}:
        before, after = ({counted.get(name, 0) for counted in side} for side in (base, head))
        if len(before) == len(after) == 1 and min(after) > min(before):
            more[name] = 1 - min(before) / min(after)
    return more


def named(base: Sequence[Profile], head: Sequence[Profile], more: Mapping[str, float]) -> tuple[str, ...]:
    """The functions that grew by more than the noise, most first: by more than their profiles of each side differ.

    Or, of those that are called `more` often, by that part of their time. The faster half of a function's profiles
    counts, as the others may have waited for a CPU. Growth below 1 % of the whole is left out.
    """
    whole = median(_faster([sum(profile.values()) for profile in base]))
    growth = {}
    for name in {name for profile in head for name in profile}:
        before, after = (_faster([profile.get(name, 0.0) for profile in side]) for side in (base, head))
        noise = before[-1] - before[0] + after[-1] - after[0]
        grown = median(after) - median(before)
        if after[0] > before[-1] and grown > noise:
            growth[name] = grown
        elif name in more:
            growth[name] = more[name] * median(after)
    most = sorted(growth, key=lambda name: (-growth[name], name))
    return tuple(
        f"{name} {change(growth[name] / whole)}"
        for name in most[:_MOST_NAMED]
        if whole > 0 and growth[name] >= _LEAST_SHARE * whole
    )


def _faster(times: Sequence[float]) -> list[float]:
    return sorted(times)[: len(times) // 2 + 1]


def _profile(benchmark: Benchmark, side: Side, calls: int, number: int) -> tuple[Profile, Calls]:
    """What so many calls spend in each function, and how often they call it, in a process of their own."""
    out = benchmark.scratch(".profile")
    worker = benchmark.arguments(benchmark.scratch(".json"), calls=calls, profile=out)
    benchmark.run(side, (side.python, *worker), number=number)
    try:
        with out.open("rb") as file:
            rows = msgspec.json.decode(file.read(_MOST_BYTES), type=list[tuple[str, str, float, int]])
        out.unlink()
    except (OSError, msgspec.DecodeError) as error:
        raise benchmark.failed(side, "it could not be profiled") from error
    profile: Profile = {}
    called: Calls = {}
    for file_name, qualified, self_s, count in rows:
        if file_name not in _OURS and not file_name.startswith(str(_INSIDE)):
            name = function_name(file_name, qualified, side.folder)
            profile[name] = profile.get(name, 0.0) + self_s
            called[name] = called.get(name, 0) + count
    return profile, called


def function_name(file: str, qualified: str, folder: Path) -> str:
    """The name of a function that is the same on both sides: "features.encode"."""
    library = _LIBRARY.search(file)
    path = folder / file
    if library:  # also where the environment lies in the checkout
        parts = Path(library[1]).with_suffix("").parts
    elif path.is_relative_to(folder):
        parts = path.relative_to(folder).with_suffix("").parts
        parts = parts[1:] if parts[0] == "src" else parts
    else:
        parts = (path.stem,)
    module = ".".join(parts).removesuffix(".__init__")
    function = _ANONYMOUS.sub("", qualified).replace(_NESTED, "")
    return "".join(char for char in f"{module}.{function}" if char.isprintable())
