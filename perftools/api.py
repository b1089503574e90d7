"""The one place that joins the stages: audit(target) -> Audit, diagnose(audit) -> Diagnosis, and audits in files."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Literal

import msgspec

from perftools import __version__, config, record
from perftools.causes import Evidence
from perftools.causes.waits import wait_table
from perftools.collect.allocations import recording
from perftools.collect.gc.recorder import GcRecorder
from perftools.collect.loops import LoopsRecorder
from perftools.collect.memory import MemoryRecorder
from perftools.collect.recorder import Progress
from perftools.collect.samples import SamplesRecorder
from perftools.collect.sched import SchedRecorder
from perftools.collect.sources import Sources
from perftools.collect.threads import ThreadsRecorder
from perftools.collect.values import ValuesRecorder
from perftools.collect.waits import WaitsRecorder
from perftools.collect.window import observe
from perftools.config import Settings
from perftools.detect import diagnose as rules
from perftools.errors import FileError, OutputUnwritable
from perftools.finding import Diagnosis
from perftools.hot import Frame, classify, waits
from perftools.record import Audit, Missing, Observations, Quality, Samples, Target
from perftools.rewrite.advise import advised
from perftools.rewrite.cache import timings_of
from perftools.rewrite.catalogue import folders
from perftools.source import Watch, watch
from perftools.target import commands

DEFAULT_WINDOW_S = 20.0
_HOT = 0.02
"""Share of the samples from which a user function is worth reading."""
_DEEPEST = 4
"""User frames of a stack, from the leaf, whose values may matter: the loop, its helpers and the loop around it."""
_MOST_WATCHED = 12
_LOOKED_BELOW = frozenset({"pandas", "statistics"})
"""Libraries whose use is judged by what they were given."""


def audit(
    target: Target,
    *,
    window_s: float | None = None,
    memory_s: float | None = None,
    progress: Progress | None = None,
    tell: Callable[[str], None] = lambda said: None,
    settings: Settings = config.DEFAULT,
) -> Audit:
    """Watch a service for one window and record what was seen.

    `window_s`: exactly so many seconds; by default 20 s, less where the picture is clear by the rules and limits of
    `settings`, more where there is no load.
    `memory_s`: for so long after the window, memray records the allocations of the busiest worker, from inside it.
    That stops the worker twice, for about 0.1 to 0.5 s. `tell` is told what is about to be done, and how it went.
    Raises the errors of `perftools.errors` where nothing could be observed; KeyboardInterrupt at the second Ctrl-C.
    """
    sources = Sources(target)
    values = ValuesRecorder(target)
    before = recording.foretell(target, tell) if memory_s is not None else {}

    def aim(observations: Observations) -> None:
        """Point the value reader at the functions that were hot so far."""
        if isinstance(observations.samples, Samples):
            values.watch(watches(observations.samples, target, sources))

    def enough(observations: Observations) -> bool:
        return rules.settled(_record(target, observations, _so_far(observations), sources), settings)

    def at_work(observations: Observations) -> bool:
        """Requests that wait are a load, too."""
        table = wait_table(Evidence(_record(target, observations, _so_far(observations), sources)))
        return not isinstance(table, Missing) and bool(table.lines)

    observations, quality = observe(
        target,
        [
            SamplesRecorder(target),
            ThreadsRecorder(target),
            SchedRecorder(target),
            MemoryRecorder(target),
            WaitsRecorder(target),
            LoopsRecorder(target),
            values,
            GcRecorder(target),
        ],
        window_s=window_s or DEFAULT_WINDOW_S,
        exact=window_s is not None,
        enough=enough,
        after_round=aim,
        at_work=at_work,
        progress=progress,
    )
    if memory_s is not None:
        allocations = recording.after_window(target, observations, quality, tell, span_s=memory_s, before=before)
        observations = msgspec.structs.replace(observations, allocations=allocations)
    return _record(target, observations, quality, sources)


def diagnose(seen: Audit, settings: Settings = config.DEFAULT) -> Diagnosis:
    """Judge an audit; findings that a recipe answers name it, and what it should gain."""
    diagnosis = rules.diagnose(seen, settings)
    try:
        return advised(diagnosis, seen, folders(), timings_of)
    except Exception as error:  # noqa: BLE001 (a broken recipe must not take the report along)
        note = f"recipes could not be looked up: {type(error).__name__}: {error}"
        return msgspec.structs.replace(diagnosis, notes=(*diagnosis.notes, note))


def settings(path: str | None = None, *, only: Sequence[str] = (), skip: Sequence[str] = ()) -> Settings:
    """How to judge: by [tool.perftools] of `path`, or of the current folder upwards, and by the rules of a choice.

    Raises FileError for a wrong file and UsageError for an unknown rule.
    """
    known = {rule.id: rule.limits for rule in rules.detectors()}
    chosen = config.choose(known, only=only, skip=skip)
    return config.load(path, known)._replace(rules=chosen)


def watches(samples: Samples, target: Target, sources: Sources) -> list[Watch]:
    """Where values should be read: functions with loops, or with a library below that is judged by what it is given.

    They hold at least 2 % of the busy samples.
    Callers near the leaf count too: the loop that calls a hot helper may be theirs.
    """
    frames = [classify(*frame, target.user_paths) for frame in samples.frames]
    counts = Counter(stack for stream in samples.streams for stack in stream.stacks if samples.stacks[stack])
    weights: Counter[record.Source] = Counter()
    given: set[record.Source] = set()
    busy = 0
    for stack, count in counts.items():
        near, library = _near([frames[at] for at in samples.stacks[stack]])
        busy += count if near or not waits(frames[samples.stacks[stack][0]]) else 0
        found = {source for frame in near if (source := sources.at(frame.file, frame.line)) is not None}
        weights.update(dict.fromkeys(found, count))
        given |= found if library else set()
    least = _HOT * busy
    hot = [
        watch(source, assigned=source in given)
        for source, count in weights.most_common(_MOST_WATCHED)
        if count >= least
    ]
    return [each for each in hot if each.paths]


def _near(stack: Sequence[Frame]) -> tuple[list[Frame], bool]:
    """The user's frames next to the leaf (leaf first), up to the library that called them; and: is one below?

    No frame where the thread waits or works in another library.
    """
    if not stack or waits(stack[0]):
        return [], False
    inner = list(dropwhile(lambda frame: frame.owner != "user", stack))
    below = {frame.package for frame in stack[: len(stack) - len(inner)] if frame.opaque}
    if below:
        return (inner[:1], True) if below & _LOOKED_BELOW else ([], False)
    near = [frame for frame in takewhile(lambda frame: not frame.opaque, inner) if frame.owner == "user"]
    return near[:_DEEPEST], False


def save(seen: Audit, path: str) -> None:
    """Write an audit as JSON, readable by its owner only (0600), in one step.

    Raises OutputUnwritable where that is not possible.
    """
    directory = str(Path(path).absolute().parent)
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".perftools-", dir=directory)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(record.encode(seen))
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise OutputUnwritable(
            f"cannot write {path}: {error.strerror}", looked_at={"directory": directory}, commands=()
        ) from error


def load(path: str) -> Audit:
    """Read an audit from a file. Raises FileError where it is none."""
    text = b""
    try:
        text = Path(path).read_bytes()
        return record.decode(text)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if (report := _report(text)) is not None:
            raise _not_an_audit(path, report) from error
        raise FileError(f"{path} is no audit of schema {record.SCHEMA}: {error}") from error


class _Report(msgspec.Struct):
    """As much of a report, which `--json` prints, as tells how to come by the audit behind it."""

    schema: Literal["perftools.report/1"]
    target: Target | None = None


def _report(text: bytes) -> _Report | None:
    try:
        return msgspec.json.decode(text, type=_Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _not_an_audit(path: str, report: _Report) -> FileError:
    """A report says what an audit meant; only the audit can be diagnosed again."""
    again = commands.audit(report.target.root_pid if report.target else None)
    return FileError(
        f"{path} is a report ({report.schema}), not the audit behind it",
        commands=(f"{again} -o audit.json  # saves the audit" if report.target else f"{again}  # lists the services",),
    )


def without_source(seen: Audit) -> Audit:
    """The same audit with the text of the sources left out: files, lines and hashes stay."""
    return msgspec.structs.replace(
        seen, sources=tuple(msgspec.structs.replace(source, text="", imports="") for source in seen.sources)
    )


def _so_far(observations: Observations) -> Quality:
    """A quality for judging a window that is not over yet: only its length matters to the rules."""
    runs = observations.samples.runs if isinstance(observations.samples, Samples) else ()
    return Quality(
        start_unix_ns=0,
        window_s=max((run.start_s + run.duration_s for run in runs), default=0.0),
        rounds=len({run.round for run in runs}),
        round_s=max((run.duration_s for run in runs), default=0.0),
        loaded=True,
        ended="complete",
        observer_cpu_s=0.0,
        warnings=(),
    )


def _record(target: Target, observations: Observations, quality: Quality, sources: Sources) -> Audit:
    return Audit(
        schema=record.SCHEMA,
        tool=f"perftools {__version__}",
        target=target,
        quality=quality,
        observations=observations,
        sources=_sampled(observations, target, sources),
    )


def _sampled(observations: Observations, target: Target, sources: Sources) -> tuple[record.Source, ...]:
    """The text of every user function that a sample, a collection, a wait or an allocation passes through."""
    for part in (observations.samples, observations.gc, observations.waits, observations.allocations):
        for frame in () if isinstance(part, Missing) else part.frames:
            if classify(*frame, target.user_paths).owner == "user":
                sources.at(frame[1], frame[2])
                sources.importing(frame[1], "gc")
    return sources.all()
