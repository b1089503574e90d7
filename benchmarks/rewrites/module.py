"""One module judged, in a process of its own: `python -m perftools_benchmarks.rewrites.module FILE`; JSON on stdout.

The module's CALLS say how its functions are called. Their arguments tell the recipes types and sizes, as recorded
calls would; then the original and the rewritten text run side by side, on these calls and on calls of the same size
with one spot changed.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import signal
import statistics
import sys
import time
import types
from pathlib import Path

from perftools.rewrite import cache
from perftools.rewrite.catalogue import folders
from perftools.rewrite.compare import call, difference
from perftools.rewrite.observed import type_of
from perftools.rewrite.proof.rounding import unlike
from perftools.rewrite.proof.variations import variations
from perftools.rewrite.rewriting import Known, rewrite

VARIATIONS = 60
"""Changed calls that are tried for each call, at most."""
SECONDS = 20.0
"""Of comparing, a module."""
CALL_SECONDS = 2.0
"""Of one call, both texts: what takes longer (a loop up to a changed bound of 10**20) is no call of this size."""
_RUNS = 5


class _TooLong(BaseException):
    """No Exception: a rewrite's own handlers must not see it."""


def judge(path: Path, *, profit: bool) -> dict:
    """What became of the module; without `profit` also what would not be offered for want of speed."""
    text = path.read_bytes().decode()
    before = _load(text, path, "before")
    # Callers stand below what they call, and are rewritten first, as in one pass over the file.
    lines = {name: _function(before, name).__code__.co_firstlineno for name, _ in before.CALLS}
    names = sorted(lines, key=lines.__getitem__, reverse=True)
    taken, refused, current = [], [], text
    for name in names:
        known, timings_of = _known(before, name), cache.timings_of if profit else None
        outcome = rewrite(text, folders(), function=name, known=known, timings_of=timings_of)
        kept = set()
        if outcome.taken:
            applied = rewrite(current, folders(), function=name, known=known, timings_of=timings_of)
            kept, current = {each.recipe for each in applied.taken}, applied.after
        taken += [{"recipe": each.recipe, "function": name, "line": each.line}
                  for each in outcome.taken if each.recipe in kept]  # fmt: skip
        refused += [each._asdict() for each in outcome.refused if each.function == name]
    after = _load(current, path, "after")
    problems, compared = _compare(before, after) if taken else ([], 0)
    return {
        "module": path.stem, "functions": names, "taken": taken, "refused": refused, "problems": problems,
        "compared": compared, "speedups": _timed(before, after, {each["function"] for each in taken}),
        "elsewhere": _elsewhere(text, current), "text": current,
    }  # fmt: skip


def _load(text: str, path: Path, label: str) -> types.ModuleType:
    module = types.ModuleType(path.stem)
    sys.modules[path.stem] = module  # dataclasses look their module up
    exec(compile(text, f"<{path.stem} {label}>", "exec"), module.__dict__)  # noqa: S102 (our own text)
    return module


def _known(module: types.ModuleType, name: str) -> Known:
    """What the calls of one function tell: types on which all of them agree, and the median size."""
    function = _function(module, name)
    parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
    seen: dict[str, set] = {}
    sizes = []
    for called, make in module.CALLS:
        if called != name:
            continue
        args = make()
        for parameter, value in zip(parameters, args):
            seen.setdefault(parameter, set()).add(type_of(value))
            for attribute, held in getattr(value, "__dict__", {}).items() if parameter == "self" else ():
                seen.setdefault(f"self.{attribute}", set()).add(type_of(held))
        lengths = [getattr(each, "shape", None) or (len(each),) for each in args if hasattr(each, "__len__")]
        sizes += [max(max(shape) for shape in lengths)] if lengths else []
    facts = {f"{name}.{parameter}": next(iter(kinds)) for parameter, kinds in seen.items() if len(kinds) == 1}
    return Known(facts, statistics.median_low(sizes) if sizes else None)


def _function(module: types.ModuleType, name: str):
    found = module
    for part in name.split("."):
        found = getattr(found, part)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return getattr(found, "__func__", found)


def _compare(before: types.ModuleType, after: types.ModuleType) -> tuple[list[str], int]:
    problems: list[str] = []
    compared, end_s = 0, time.monotonic() + SECONDS
    for (name, make), (_, make_after) in zip(before.CALLS, after.CALLS):
        old, new = (_function(module, name).__call__ for module in (before, after))
        cases = itertools.chain(
            [("as called", make(), make_after())],
            ((one.says, one.args, other.args) for one, other in zip(variations(make), variations(make_after))),
        )
        for says, args, args_after in itertools.islice(cases, VARIATIONS):
            if time.monotonic() > end_s:
                return problems, compared
            try:
                with _limited(CALL_SECONDS):
                    first, second = call(old, args), call(new, args_after)
            except _TooLong:
                continue
            compared += 1
            found = difference(_comparable(first), _comparable(second))
            if found and not difference(_comparable(first), _comparable(call(old, args))):
                found, _ = unlike(old, args, _comparable(first), _comparable(second))
                if found:
                    problems.append(f"{name}, {says}: {found}"[:300])
    return problems, compared


@contextlib.contextmanager
def _limited(seconds: float):
    def stop(*_):
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _comparable(called):
    """Instances of the two texts' classes are told apart by identity only: their attributes are compared instead."""
    return called._replace(args=tuple(_plain(each) for each in called.args), result=_plain(called.result))


def _plain(value):
    if type(value).__module__ in sys.modules and hasattr(sys.modules[type(value).__module__], "CALLS"):
        return {key: _plain(each) for key, each in vars(value).items()} if hasattr(value, "__dict__") else repr(value)
    if isinstance(value, list):
        made = copy.copy(value)
        made[:] = map(_plain, value)
        return made
    if type(value) is tuple:
        return tuple(map(_plain, value))
    return {key: _plain(each) for key, each in value.items()} if type(value) is dict else value


def _timed(before: types.ModuleType, after: types.ModuleType, names: set[str]) -> dict[str, float]:
    """How much faster each rewritten function is, over all of its calls; the best of a few alternating runs."""
    ratios = {}
    for name in names:
        totals = []
        for module in (before, after):
            function = _function(module, name)
            calls = [make for called, make in module.CALLS if called == name]
            totals.append(sum(min(_once(function, make) for _ in range(_RUNS)) for make in calls))
        ratios[name] = totals[0] / totals[1] if totals[1] else 1.0
    return ratios


def _once(function, make) -> float:
    args = make()
    start_s = time.process_time()
    with contextlib.suppress(Exception):  # a call that raises takes time too
        function(*args)
    return time.process_time() - start_s


def _elsewhere(before: str, after: str) -> int:
    """Lines of the original that are gone: a guarded rewrite keeps them all, further in perhaps."""
    kept = {line.strip() for line in after.splitlines()}
    return sum(line.strip() not in kept for line in before.splitlines() if line.strip())


if __name__ == "__main__":
    print(json.dumps(judge(Path(sys.argv[1]), profit="--all" not in sys.argv)))
