"""The target: from a pid, a port or a name to the whole service, and whether it can be observed."""

from __future__ import annotations

from perftools.target.discover import Candidate, candidates, find
from perftools.target.preflight import alive, preflight
from perftools.target.services import Service, services

__all__ = ["Candidate", "Service", "alive", "candidates", "find", "preflight", "services"]
