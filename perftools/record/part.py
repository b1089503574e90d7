"""What every part of the record is made of, and how a document is checked."""

from __future__ import annotations

import msgspec
from msgspec import Struct

LONGEST_S = 1e9
"""No window is so long, and no CPU so busy."""
LARGEST_BYTES = 1 << 60
"""No machine has so much memory."""


class Part(Struct, frozen=True):
    """A frozen part of a document. `frozen` is repeated on every subclass because mypy does not inherit it."""


class Missing(Part, frozen=True, kw_only=True, tag="missing"):
    """Why something was not observed or not judged: a result like any other."""

    code: str
    reason: str
    remedy: str | None = None


class Cost(Part, frozen=True, kw_only=True):
    """What observing cost, and what the observer could not see."""

    method: str
    cpu_s: float
    lost: int
    max_gap_ms: float
    complete: str


def require(holds: bool, otherwise: str) -> None:
    """Raise msgspec.ValidationError with those words where a document says what none can."""
    if not holds:
        raise msgspec.ValidationError(otherwise)
