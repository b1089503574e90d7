"""The pair-scoring core: one user against N candidates, the k best of them; the same work in every form.

`forms()` names the forms. Each is prepared over a table and then answers requests:

    form = core.forms()["numpy"]
    with form.prepare(tables.shared()) as scorer:
        ids, scores = scorer.score(user, candidates, k=20)

All forms give one answer: scores within TOLERANCE of one another, best first, equal scores by the smaller id. Sums are
float64 in the forms that loop in Python and float32 in the others, each in an order of its own, so that candidates
whose scores lie closer than TOLERANCE may change places, or change who is the last of the k.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Union, cast

if TYPE_CHECKING:
    from typing import Self  # since Python 3.11: the checker's alone

    from numpy import float32, int64
    from numpy.typing import NDArray

    from .tables import Table as Table

Ids = Union[list[int], "NDArray[int64]"]
"""A list of `int`, as JSON gives it, or a one-dimensional array of whole numbers, as a binary body does."""
Scores = Union[list[float], "NDArray[float32]"]
TOP = 20
TOLERANCE = 1e-5
"""Between the scores of two forms, which are about 1 in the tables made here."""


class UnknownMember(LookupError):
    """An id that is not in the table, negative ones included."""


class NotAnId(TypeError):
    """A user or a candidate that is no whole number; a truth value is none either."""


class Answer(NamedTuple):
    """The best candidates, best first."""

    ids: Ids
    scores: Scores

    def pairs(self) -> list[tuple[int, float]]:
        """As Python's own numbers."""
        ids, scores = (part if isinstance(part, list) else part.tolist() for part in self)
        return list(zip(ids, scores))


class Scorer(ABC):
    """A form over one table. Threads may share it."""

    @abstractmethod
    def score(self, user: int, ids: Ids, k: int = TOP) -> Answer:
        """The `k` >= 1 best of the candidates `ids`, all of them where they are fewer; an id given twice counts twice.

        Raises NotAnId or UnknownMember, the former first, and then gives no score at all.
        """

    def score_batch(self, users: Sequence[int], ids: Ids, k: int = TOP) -> list[Answer]:
        """An answer as of `score` for each user, against candidates that they share."""
        return [self.score(user, ids, k) for user in users]

    def problem(self) -> str | None:
        """Why the scorer should get no requests now, though it would answer; None if nothing is wrong."""
        return None

    def close(self) -> None:  # noqa: B027  # most forms hold nothing but memory
        """End the threads and processes of the form."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Form(NamedTuple):
    """One way to write the scorer: the class `scorer` in the module of this name in `package`."""

    name: str
    scorer: str
    summary: str
    member_bytes: int
    """Of memory that the form takes for each member beside the table itself: with D = 64, on CPython 3.11, at its peak.

    One million members take as many megabytes.
    """
    needs: tuple[str, ...] = ("numpy",)
    package: str = "forms"

    def missing(self) -> list[str]:
        """The packages it needs that are not installed."""
        return [package for package in self.needs if importlib.util.find_spec(package) is None]

    def prepare(self, table: Table) -> Scorer:
        """The form over `table`. Raises ModuleNotFoundError where a package is missing."""
        scorer = getattr(importlib.import_module(f"..{self.package}.{self.name}", __package__), self.scorer)
        collecting = gc.isenabled()
        gc.disable()  # it would look through millions of new objects again and again, which all stay
        try:
            return cast(Scorer, scorer(table))
        finally:
            if collecting:
                gc.enable()


def forms() -> dict[str, Form]:
    """All forms by name, from the slowest way that is often met to the fastest."""
    return {form.name: form for form in _FORMS}


def peers() -> dict[str, Form]:
    """What one might pick instead, by name. Only scores without ties are sure to come out as in the forms."""
    return {form.name: form for form in _PEERS}


_FORMS = (
    Form("pandas_apply", "PandasApply", "a DataFrame for each request, apply over its rows", 1690, ("numpy", "pandas")),
    Form("pandas", "Pandas", "a DataFrame for each request, whole columns at a time", 336, ("numpy", "pandas")),
    Form("dicts", "Dicts", "a dict for each member, loops in Python", 4180),
    Form("lists", "Lists", "lists of floats, loops in Python", 3530),
    Form("numpy_naive", "NumpyNaive", "two tables, fancy indexing, everything sorted", 336),
    Form("no_cache", "NoCache", "the peer tower computed for each request", 80),
    Form("cached", "Cached", "numpy, over embeddings that a thread refreshes in the background", 464),
    Form("process_pool", "ProcessPool", "numpy, the pairs of a request shared out to processes", 0),
    Form("numpy", "Numpy", "one packed table; take and dot into preallocated memory; a partition", 0),
    Form("batch", "Batch", "many users against shared peers in one matrix product", 0),
    Form("native", "Native", "gather, dot product and selection fused in compiled code", 0, ("numpy", "numba")),
)

_PEERS = (
    Form("numba", "Numba", "numba: a loop over the candidates, then argsort", 0, ("numpy", "numba"), "peers"),
    Form("torch", "Torch", "PyTorch, new tensors for each request", 0, ("numpy", "torch"), "peers"),
    Form("torch_out", "TorchOut", "PyTorch, gathering into memory that is kept", 0, ("numpy", "torch"), "peers"),
    Form("faiss", "Faiss", "faiss, inner products with a subset of its index", 336, ("numpy", "faiss"), "peers"),
    Form(
        "onnxruntime",
        "OnnxRuntime",
        "an ONNX graph, the table bound once",
        0,
        ("numpy", "onnxruntime", "onnx"),
        "peers",
    ),
)
