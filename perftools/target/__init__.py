"""The target: from a pid, a port or a name to the whole service, and whether it can be observed."""

from __future__ import annotations

from perftools.target.discover import Candidate, candidates, find
from perftools.target.preflight import alive, preflight

__all__ = ["Candidate", "alive", "candidates", "find", "preflight"]
