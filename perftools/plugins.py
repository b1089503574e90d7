"""Entry points: ours are found in the same way as a third party's."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

GROUPS = ("perftools.collectors", "perftools.detectors", "perftools.recipes", "perftools.reports")


def load(group: str) -> dict[str, Any]:
    """The objects registered under `group`, by name, in alphabetical order.

    Raises ValueError for an unknown group, and whatever the import of a plugin raises.
    """
    if group not in GROUPS:
        raise ValueError(f"unknown plugin group {group!r}; known: {', '.join(GROUPS)}")
    return {point.name: point.load() for point in sorted(entry_points(group=group), key=lambda point: point.name)}
