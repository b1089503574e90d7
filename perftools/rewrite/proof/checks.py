"""What makes a recipe complete: examples, negatives, idempotence, equivalence, hazards, guard mutation, its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from perftools.rewrite.catalogue import Folder
from perftools.rewrite.compare import call
from perftools.rewrite.kinds import kind
from perftools.rewrite.proof.subject import Mutant, NoRewrite, Subject
from perftools.rewrite.recipe import Example
from perftools.rewrite.rewriting import Known, Outcome, rewrite

CASES = 300
"""Generated calls on which before and after must agree."""
LEAST_NEGATIVES = 5
_FILES = ("before.py", "after.py", "inputs.py", "README.md", "timings.json")


class Problem(NamedTuple):
    """Why a recipe is not proved."""

    check: str
    says: str


def prove(folder: Folder, *, cases: int = CASES, progress: Callable[[str], None] = lambda _: None) -> list[Problem]:
    """Everything that is wrong with a recipe; empty where it is proved."""
    problems = [Problem("files", f"{name} is missing") for name in _FILES if not (folder.path / name).is_file()]
    if problems:
        return problems
    for name, check in _CHECKS:
        progress(f"{folder.id}: {name}")
        problems += [Problem(name, says) for says in check(folder, cases)]
    return problems


def _files(folder: Folder, _cases: int) -> Iterator[str]:
    inputs: Any = folder.inputs
    if len(inputs.SIZES) < 3:
        yield "inputs.py: SIZES has fewer than three sizes"
    timed = folder.shipped
    if timed is None:
        yield "timings.json cannot be read"
    else:
        wanted = {(variant, n) for variant in inputs.VARIANTS for n in inputs.SIZES}
        missing = wanted - {(row.variant, row.n) for row in timed.rows}
        if missing:
            yield f"timings.json has no row for {min(missing)}"


def write_after(folder: Folder) -> bool:
    """Make after.py what the recipe makes of before.py; whether it was not so before. Raises NoRewrite."""
    if folder.recipe.match is None:
        return False
    text = Subject(folder, _variants(folder)[0]).text
    path = folder.path / "after.py"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def _examples(folder: Folder, _cases: int) -> Iterator[str]:
    if folder.recipe.match is None:
        return
    if not folder.recipe.invalid:
        yield "there is no example of what it rewrites"
    for number, example in enumerate(folder.recipe.invalid, 1):
        outcome = _applied(folder, example, example.code)
        if outcome.after != example.becomes:
            yield f"INVALID {number} becomes\n{outcome.after}"
        elif _applied(folder, example, outcome.after).taken:
            yield f"INVALID {number}: what it becomes is rewritten again"


def _negatives(folder: Folder, _cases: int) -> Iterator[str]:
    if folder.recipe.match is None:
        return
    if len(folder.recipe.valid) < LEAST_NEGATIVES:
        yield f"{len(folder.recipe.valid)} examples of what it leaves alone, of at least {LEAST_NEGATIVES}"
    for number, example in enumerate(folder.recipe.valid, 1):
        outcome = _applied(folder, example, example.code)
        codes = {refused.code for refused in outcome.refused}
        if outcome.taken:
            yield f"VALID {number} is rewritten into\n{outcome.after}"
        elif example.refused is not None and example.refused not in codes:
            yield f"VALID {number} is not refused as {example.refused}, but {sorted(codes) or 'passed over'}"
        elif example.refused is None and codes:
            yield f"VALID {number} is refused as {sorted(codes)}: say so in the example"


def _after(folder: Folder, _cases: int) -> Iterator[str]:
    """after.py is what the recipe makes of before.py, for its first variant."""
    if folder.recipe.match is None:
        return
    for subject in _subjects(folder):
        if isinstance(subject, str):
            yield subject
        elif subject.variant == _variants(folder)[0] and subject.text != folder.text("after.py"):
            yield "after.py is not what before.py is rewritten into: perf recipes prove --write-after"


def _equivalence(folder: Folder, cases: int) -> Iterator[str]:
    for subject in _subjects(folder):
        if isinstance(subject, str):
            continue
        inputs: Any = folder.inputs
        error = call(subject.before, inputs.VARIANTS[subject.variant](min(inputs.SIZES))).error
        if error is not None:
            yield f"{subject.variant}: before.py raises {error!r} with the arguments that it is timed with"
            continue
        found = _counterexample(subject, subject.after, cases)
        if found:
            yield f"{subject.variant}: {found}"
        elif subject.rewrite is not None and subject.rewrite.fast is not None and not subject.hits:
            yield f"{subject.variant}: the fast path ran in none of {cases} calls"


def _hazards(folder: Folder, _cases: int) -> Iterator[str]:
    inputs: Any = folder.inputs
    if not inputs.HAZARDS:
        yield "no hazard is named"
    for subject in _subjects(folder):
        if isinstance(subject, str):
            continue
        wrong: dict[str, str] = {}
        for case in subject.hazards:
            if unlike := subject.unlike_case(case):
                wrong.setdefault(case.name, unlike)
        for name, unlike in wrong.items():
            yield f"{subject.variant}, {name}: {unlike}"


def _guards(folder: Folder, cases: int) -> Iterator[str]:
    """Without any one guard, some call must go wrong."""
    for subject in _subjects(folder):
        if isinstance(subject, str):
            continue
        for mutant in subject.mutants():
            if not _killed(subject, mutant, cases):
                yield f"{subject.variant}: nothing goes wrong without the guard `{mutant.guard.code}`"


_CHECKS: tuple[tuple[str, Callable[[Folder, int], Iterator[str]]], ...] = (
    ("files", _files),
    ("examples", _examples),
    ("negatives", _negatives),
    ("after", _after),
    ("equivalence", _equivalence),
    ("hazards", _hazards),
    ("guards", _guards),
)


def _killed(subject: Subject, mutant: Mutant, cases: int) -> bool:
    if any(subject.unlike_case(case, mutant.function) for case in subject.hazards):
        return True
    return _hidden(subject, mutant) or bool(_counterexample(subject, mutant.function, cases))


def _hidden(subject: Subject, mutant: Mutant) -> bool:
    """Does the guard spare an exception that only the net would catch?"""
    if mutant.bare is None:
        return False
    with_guard, without = mutant.bare
    return any(
        not subject.unlike_case(case, with_guard) and bool(subject.unlike_case(case, without))
        for case in subject.hazards
    )


def _counterexample(subject: Subject, function: Callable[..., Any], cases: int) -> str:
    """The first of `cases` generated calls in which the function differs; "" where there is none."""
    from hypothesis import HealthCheck, Phase, given, settings

    found: list[str] = []

    @settings(
        max_examples=cases, deadline=None, database=None, derandomize=True,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(subject.folder.inputs.ordinary)
    def differs(args: tuple[Any, ...]) -> None:
        if not found and (unlike := subject.unlike(args, function)):
            found.append(f"{unlike}, called with {args!r:.300}")

    differs()
    return found[0] if found else ""


def _subjects(folder: Folder) -> Iterator[Subject | str]:
    """One for each variant; in words where the recipe does not rewrite its own before.py."""
    for variant in _variants(folder):
        try:
            yield Subject(folder, variant)
        except NoRewrite as problem:
            yield str(problem)


def _variants(folder: Folder) -> Sequence[str]:
    return list(folder.inputs.VARIANTS)


def _applied(folder: Folder, example: Example, text: str) -> Outcome:
    facts = {name: kind(each) for name, each in example.facts.items()}
    return rewrite(text, [folder], level="assisted", known=Known(facts, example.size))
