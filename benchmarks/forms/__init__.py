"""Three ways to write one scorer: `lists` and `pandas` as services often have it, `numpy` as it should be.

All give the same answer: the same ids in the same order, scores within 1e-5 of one another. (The sums are float64 in
`lists` and float32 in the others; candidates whose scores lie closer than that may change places.)
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from .tables import Table

FORMS = {"lists": "Lists", "pandas": "Pandas", "numpy": "Numpy"}
TOP = 20


class UnknownMember(LookupError):
    """An id that is not in the table: a user's fault, and an answer of 422."""


class Scorer(Protocol):
    """One form of the service's work."""

    def score(self, user: int, candidates: list[int]) -> list[tuple[int, float]]:
        """The `TOP` best candidates with their scores, best first, ties by id; an id given twice is scored twice.

        Raises UnknownMember where `user` or a candidate is not in the table.
        """
        ...


def make(form: str, table: Table) -> Scorer:
    """The scorer of that form over `table`; pandas is imported for the `pandas` form alone."""
    module = importlib.import_module(f".{form}", __package__)
    return cast(Scorer, getattr(module, FORMS[form])(table))
