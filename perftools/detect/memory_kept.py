"""Which lines keep memory, as far as memray has seen it."""

from __future__ import annotations

from collections import Counter

from perftools.causes import Evidence
from perftools.detect.memory_words import mib
from perftools.hot import classify
from perftools.record import Missing
from perftools.target import commands


def kept(pid: int, evidence: Evidence) -> str | None:
    """What one process had allocated and not given back when memray left it; None where it was not looked at."""
    seen = evidence.audit.observations.allocations
    if isinstance(seen, Missing) or seen.pid != pid or not seen.kept:
        return None
    lines: Counter[str] = Counter()
    for site in seen.kept:
        frames = (classify(*seen.frames[at], evidence.audit.target.user_paths) for at in seen.stacks[site.stack])
        user = next((frame for frame in frames if frame.owner == "user"), None)
        if user is not None:
            lines[f"{user.file.rpartition('/')[2]}:{user.line} {user.function}"] += site.size_bytes
    total = sum(site.size_bytes for site in seen.kept)
    said = f"{mib(total)} of what it allocated in {seen.span_s:.0f} s after the window were still there at the end"
    if not lines:
        return f"{said}, by no line of its own"
    (place, size), *_ = lines.most_common(1)
    return f"{said}, {mib(size)} of it by {place}"


def look(evidence: Evidence) -> str | None:
    """How to see it; None where it was looked at."""
    if not isinstance(evidence.audit.observations.allocations, Missing):
        return None
    again = f"{commands.audit(evidence.audit.target.root_pid)} --memory"
    return f"`{again}` (memray runs in one worker for 5 s) names the lines that hold what is larger than 512 bytes."
