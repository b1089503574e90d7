"""The payload that costs more than the scoring: an object for each candidate, validated one by one by pydantic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pydantic

from .bodies import BadRequest, Body


def decoder(features: int) -> Callable[[bytes], Body]:
    """For {"user": 3, "candidates": [{"id": 5, "feature_0": 0.1, …}, …]}; the features are checked, and not used."""
    fields: dict[str, Any] = {f"feature_{number}": (float, ...) for number in range(features)}
    candidate = pydantic.create_model("Candidate", id=(pydantic.StrictInt, ...), **fields)
    # Not one type for all: what pydantic writes at a reader's request would be evaluated in this module.
    request: Any = pydantic.create_model(
        "Request",
        user=(pydantic.StrictInt, ...),
        candidates=(list[candidate], ...),  # type: ignore[valid-type]
    )

    def decode(body: bytes) -> Body:
        try:
            found = request.model_validate_json(body)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise BadRequest(400 if first["type"] == "json_invalid" else 422, f"{where}: {first['msg']}") from None
        return Body(user=found.user, candidates=[each.id for each in found.candidates])

    return decode
