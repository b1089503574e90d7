"""What a misspelt name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(name: str, known: Iterable[str]) -> str:
    """For the end of a message: " (did you mean gc-pause?)", or all that there is where nothing is like it."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known)
    return f" (did you mean {' or '.join(close)}?)" if close else f" (there are {', '.join(known)})"
