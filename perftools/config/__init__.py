"""What the user has set for this project: `[tool.perftools]` of a pyproject.toml.

    [[tool.perftools.suppress]]               a finding that is known, until a day
    fingerprint = "0f3c61d2a4b87e95"          or rule = "gc-pause" and path = "scoring/*.py"
    reason = "replaced with the new index"
    until = 2027-01-31

    [tool.perftools.limits.list-hot-path]     limits of a rule
    high = 0.3

It is looked for in the current folder and upwards, where the user is, and never where the target is.
"""

from __future__ import annotations

from perftools.config.loading import FILE, load
from perftools.config.near import near
from perftools.config.settings import DEFAULT, Rules, Settings, Suppression, choose

__all__ = ["DEFAULT", "FILE", "Rules", "Settings", "Suppression", "choose", "load", "near"]
