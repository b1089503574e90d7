"""Ids as they come from a client, checked before anything is read by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from . import Ids, NotAnId, UnknownMember

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_list(user: int, ids: Ids, members: int) -> list[int]:
    """The candidates as a list; raises NotAnId or UnknownMember unless all and the user are rows of the table."""
    _check_types(user, ids)
    numbers = ids if isinstance(ids, list) else cast("list[int]", ids.tolist())
    if not 0 <= user < members or (numbers and (min(numbers) < 0 or max(numbers) >= members)):
        raise UnknownMember("a user or candidate is not in the table")
    return numbers


def as_array(user: int, ids: Ids, members: int) -> NDArray[np.int64]:
    """As `as_list`, but an array: contiguous, of int64."""
    numbers = whole_numbers(user, ids)
    # Read as unsigned, a negative id is a huge one: one pass finds both.
    if not 0 <= user < members or (len(numbers) and np.maximum.reduce(numbers.view(np.uint64)) >= members):
        raise UnknownMember("a user or candidate is not in the table")
    return numbers


def whole_numbers(user: int, ids: Ids) -> NDArray[np.int64]:
    """The candidates as a contiguous array of int64, which may lie outside the table.

    Raises NotAnId, and UnknownMember where one does not even fit.
    """
    _check_types(user, ids)
    if isinstance(ids, list):
        try:
            return np.array(ids, dtype=np.int64)
        except OverflowError:
            raise UnknownMember("a candidate is not in the table") from None
    if ids.dtype == np.uint64 and len(ids) and ids.max() > np.iinfo(np.int64).max:
        raise UnknownMember("a candidate is not in the table")
    return np.ascontiguousarray(ids, dtype=np.int64)


def _check_types(user: object, ids: object) -> None:
    """`bool` is an `int`, but no id."""
    if type(user) is not int:
        raise NotAnId(f"user: an int, not {type(user).__name__}")
    if isinstance(ids, np.ndarray):
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise NotAnId(f"ids: one dimension of whole numbers, not {ids.ndim} of {ids.dtype}")
    elif not isinstance(ids, list) or not set(map(type, ids)) <= {int}:
        raise NotAnId("ids: a list of int, or an array")
