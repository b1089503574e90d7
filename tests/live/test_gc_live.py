"""Garbage collection as the user is told of it, and every observer against what the target itself knows."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from perftools_benchmarks.gc import pythons
from perftools_benchmarks.gc.compare import Comparison, Known, compare
from perftools_benchmarks.gc.pythons import Python
from perftools_benchmarks.gc.running import TARGET, Truth, target
from perftools_benchmarks.gc.watching import CannotWatch, Watched, watching

from tests.live.command import audits
from tests.live.services import line_of, running

pytestmark = pytest.mark.live

SERVICE = str(Path(__file__).with_name("garbage_target.py"))
ALLOCATES = "request.append(Visit(request, candidate, profiles[candidate]))"
COLLECTS = "gc.collect()  # in each request"
WINDOW = ("--window", "4")
RATE = "250"
VERSIONS = ((3, 9), (3, 11), (3, 12), (3, 13))
"""Those of one minor version keep their collector in the same place; 3.14 and 3.15 are observed under chroot."""
SECONDS = 4
LONG_MS, SHORTEST_MS = 5.0, 1.0


class Service(NamedTuple):
    """A service after its audit."""

    report: Any
    truth: list[tuple[float, float, int]]
    """Start, stop (CLOCK_MONOTONIC, seconds) and generation of its collections."""

    @property
    def worst_ms(self) -> float:
        """Of the span that was watched."""
        [collector] = self.report["observations"]["gc"]["collectors"]
        zero_s = self.report["quality"]["start_unix_ns"] / 1e9 - (time.time() - time.monotonic())
        first_s, last_s = zero_s + collector["start_s"], zero_s + collector["end_s"]
        return max(1000 * (stop - start) for start, stop, _ in self.truth if first_s < start and stop < last_s)

    @property
    def full_cpu_ms(self) -> list[float]:
        """Of its full collections, what they took without waiting for a CPU, where that is known."""
        pauses = self.report["observations"]["gc"]["pauses"]
        full = [pause for pause in pauses if pause["generation"] == 2]
        return [pause["duration_ms"] - pause["waited_ms"] for pause in full if pause["waited_ms"] is not None]


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    """Each kind of service, two at a time, under load."""
    return audited("default", "frozen") | audited("collecting", "healthy")


def audited(*modes: str) -> dict[str, Service]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pids = [stack.enter_context(loaded(mode, folder / mode)) for mode in modes]
        reports = audits(pids, *WINDOW)
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        found = {}
        for mode, report in zip(modes, reports, strict=True):
            found[mode] = Service(report, json.loads(written(folder / mode)))
    return found


def written(file: Path, within_s: float = 20) -> str:
    deadline = time.monotonic() + within_s
    while not file.exists() or not file.read_text().endswith("]"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return file.read_text()


@contextlib.contextmanager
def loaded(mode: str, file: Path) -> Iterator[int]:
    serve = [sys.executable, SERVICE, "serve", mode, str(file)]
    with contextlib.ExitStack() as stack:
        process, said = stack.enter_context(running(serve, ready=r"ready on (\d+)\n"))
        stack.enter_context(running([sys.executable, SERVICE, "load", said[1], RATE], ready="loading"))
        yield process.pid


def findings(report: Any, *rules: str) -> list[Any]:
    return [finding for finding in report["findings"] if finding["rule"] in rules]


def test_long_pauses_get_a_finding_with_the_worst_one_and_the_line_that_set_it_off(
    services: dict[str, Service],
) -> None:
    service = services["default"]
    [finding] = findings(service.report, "gc-pause")
    assert finding["severity"] in ("medium", "high")
    assert finding["share"]["of"] == "wall"
    assert finding["where"]["file"] == SERVICE
    assert finding["where"]["line"] == line_of(SERVICE, ALLOCATES)
    assert finding["where"]["function"] == "remember"
    gc = service.report["observations"]["gc"]
    worst_ms = max(pause["duration_ms"] for pause in gc["pauses"])
    assert (
        0.5 * service.worst_ms < worst_ms < 1.05 * service.worst_ms + 5
    )  # the truth is of some time around the window
    # None: on a busy machine a young collection may fall into the same look
    assert [pause["generation"] for pause in gc["pauses"] if pause["duration_ms"] == worst_ms] in ([2], [None])
    assert sum(gc["collectors"][0]["generations"][2].values()) > 0


def test_the_line_that_allocates_is_no_slow_loop(services: dict[str, Service]) -> None:
    for mode in ("default", "frozen"):
        assert findings(services[mode].report, "list-hot-path", "pandas-hot-path") == []


def test_after_collect_freeze_collect_the_long_pauses_are_gone(services: dict[str, Service]) -> None:
    before, after = services["default"], services["frozen"]
    [collector] = after.report["observations"]["gc"]["collectors"]
    assert collector["frozen"] > 0
    assert collector["generations"][2]["collections"] > 0
    assert before.full_cpu_ms
    assert max(after.full_cpu_ms, default=0.0) < 0.6 * max(before.full_cpu_ms)


def test_gc_collect_in_each_request_is_found_by_its_line(services: dict[str, Service]) -> None:
    report = services["collecting"].report
    [finding] = findings(report, "explicit-gc-collect")
    assert finding["severity"] == "high"
    assert (finding["where"]["file"], finding["where"]["function"]) == (SERVICE, "answer")
    assert finding["where"]["line"] == line_of(SERVICE, COLLECTS)
    others = findings(report, "gc-pause", "list-hot-path", "pandas-hot-path")
    assert [finding for finding in others if finding["where"]["function"] != "note"] == []  # met in our own callback


def test_a_service_with_little_to_collect_is_fine(services: dict[str, Service]) -> None:
    report = services["healthy"].report
    assert findings(report, "gc-pause", "explicit-gc-collect") == []
    assert {"gc-pause", "explicit-gc-collect"} <= {ok["rule"] for ok in report["checked_ok"]}


class Observed(NamedTuple):
    """A target, by what it knows and by what was seen; `child` began within the window."""

    pid: int
    truth: Truth
    seen: dict[str, Watched]
    child: Truth
    child_seen: dict[str, Watched]


@pytest.fixture(scope="module")
def observed() -> dict[str, Observed]:
    """A target on each of these versions that is here, all at a time, each watched by both methods at once."""
    named = os.environ.get("PERFTOOLS_TEST_PYTHONS", "").split(os.pathsep)
    here = [python for python in pythons.find(named) if minor(python) in map(dotted, VERSIONS)]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        targets = [
            stack.enter_context(target(python, folder, "pauses", folder, SECONDS, seed, "fork"))
            for seed, python in enumerate(here)
        ]
        polls = [stack.enter_context(watching("poll", started.pid)) for started in targets]
        watches = [{"poll": poll} for poll in polls]
        with contextlib.suppress(CannotWatch):  # one watcher for all, as in an audit; polling would be slowed down
            exact = stack.enter_context(watching("watchpoint", *(started.pid for started in targets)))
            watches = [{"poll": poll, "watchpoint": exact} for poll in polls]
        for started in targets:
            started.say("go")
        assert {started.hear() for started in targets} == {"done"}
        found = {}
        for python, started, by_method in zip(here, targets, watches, strict=True):
            truth = started.truth()
            assert truth.child
            found[minor(python)] = Observed(
                started.pid,
                truth,
                {method: watch.seen(started.pid) for method, watch in by_method.items()},
                started.truth(truth.child),
                {method: watch.seen(truth.child) for method, watch in by_method.items()},
            )
        return found


def dotted(version: tuple[int, int]) -> str:
    return "{}.{}".format(*version)


def minor(python: Python) -> str:
    return python.version.rpartition(".")[0]


def of(version: tuple[int, int], observed: dict[str, Observed], method: str) -> Observed:
    found = observed.get(dotted(version))
    if found is None:
        pytest.skip(f"no Python {dotted(version)} here")
    if method not in found.seen:
        pytest.skip(f"no {method} here")
    return found


EACH_VERSION = pytest.mark.parametrize("version", VERSIONS, ids=dotted)


@EACH_VERSION
def test_a_watchpoint_finds_every_pause_and_invents_none(
    version: tuple[int, int], observed: dict[str, Observed]
) -> None:
    found = of(version, observed, "watchpoint")
    seen = found.seen["watchpoint"]
    compared = compare(found.truth.pauses, seen.pauses)
    assert len(at_least(found.truth.pauses, SHORTEST_MS)) > 5
    assert at_least(compared.missed, SHORTEST_MS) == []
    assert compared.invented == []
    assert_counted(found.truth.pauses, seen)
    assert_told_right(compared)
    late = [match for match in compared.matches if match.known.tid != found.pid]
    assert late, "a thread that began within the window has collected"
    assert all(match.seen.tid == match.known.tid for match in compared.matches)


@EACH_VERSION
def test_polling_finds_every_long_pause_and_counts_all(version: tuple[int, int], observed: dict[str, Observed]) -> None:
    found = of(version, observed, "poll")
    seen = found.seen["poll"]
    compared = compare(found.truth.pauses, seen.pauses)
    floor_ms = max(LONG_MS, seen.max_gap_ms + 1)  # on a busy machine polling is late, and says by how much
    assert at_least(found.truth.pauses, floor_ms)
    assert overlooked(compared.missed, seen, floor_ms) == []
    assert [pause for pause in compared.invented if pause.duration_ns > 1e6 * floor_ms] == []
    assert_counted(found.truth.pauses, seen)
    assert_told_right(compared)


@EACH_VERSION
def test_a_child_forked_within_the_window_is_watched(version: tuple[int, int], observed: dict[str, Observed]) -> None:
    found = of(version, observed, "poll")
    for method, seen in found.child_seen.items():
        known = [pause for pause in found.child.pauses if pause.start_ns > seen.began_ns]
        compared = compare(known, seen.pauses)
        floor_ms = SHORTEST_MS if method == "watchpoint" else max(LONG_MS, seen.max_gap_ms + 1)
        assert compared.matches, method
        assert overlooked(compared.missed, seen, floor_ms) == [], method


def at_least(pauses: Sequence[Known], floor_ms: float) -> list[Known]:
    return [pause for pause in pauses if pause.duration_ns >= 1e6 * floor_ms]


def overlooked(missed: Sequence[Known], seen: Watched, floor_ms: float) -> list[Known]:
    """Those not even taken for a part of another one, as polling does where one follows another at once."""
    return [
        pause
        for pause in at_least(missed, floor_ms)
        if 2 * sum(max(0, min(pause.stop_ns, one.stop_ns) - max(pause.start_ns, one.start_ns)) for one in seen.pauses)
        < pause.duration_ns
    ]


def assert_counted(known: Sequence[Known], seen: Watched) -> None:
    """By generation; a collection may run at the window's edge."""
    counted = Counter(pause.generation for pause in known)
    assert all(abs(counted[generation] - count) <= 1 for generation, count in enumerate(seen.collections))


def assert_told_right(compared: Comparison) -> None:
    """Generations where they are told; lines of nearly all long pauses, and nearly always the right ones."""
    told = [match for match in compared.matches if match.seen.generation is not None]
    assert told
    assert sum(match.seen.generation == match.known.generation for match in told) >= 0.8 * len(told) - 1
    long = [match for match in compared.matches if match.known.duration_ns > 20e6]
    right = [match for match in long if match.seen.at == (match.known.function, match.known.line)]
    assert len(right) >= 0.8 * len(long) - 1


NO_PERF_EVENTS = """
import ctypes, platform, struct, sys
number = {"x86_64": 298, "aarch64": 241}[platform.machine()]  # perf_event_open(2)
program = struct.pack(
    "HBBIHBBIHBBIHBBI",
    0x20, 0, 0, 0,  # load the system call's number: struct seccomp_data begins with it
    0x15, 0, 1, number,
    0x06, 0, 0, 0x50000 | 1,  # SECCOMP_RET_ERRNO, EPERM: as the default profile of containers answers
    0x06, 0, 0, 0x7FFF0000,  # SECCOMP_RET_ALLOW
)
text = ctypes.create_string_buffer(program)
filter = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(text))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, filter, 0, 0) == 0, ctypes.get_errno()  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
"""
FEW_DESCRIPTORS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
"""
LIMITS = {"seccomp": NO_PERF_EVENTS, "descriptors": FEW_DESCRIPTORS}
AUDIT = "\nfrom perftools import cli\nsys.exit(cli.main(sys.argv[1:]))\n"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Any]]:
    """What is printed and saved by audits of one service, each in a process that may not do something."""
    folder = tmp_path_factory.mktemp("limited")
    with loaded("collecting", folder / "truth") as pid, contextlib.ExitStack() as stack:
        audits = {}
        for name, limit in LIMITS.items():
            program = [
                sys.executable,
                "-c",
                limit + AUDIT,
                "audit",
                str(pid),
                "-o",
                str(folder / name),
                "--window",
                "3",
            ]
            audits[name] = stack.enter_context(
                subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
            stack.callback(audits[name].kill)
        said = {name: audit.communicate(timeout=60) for name, audit in audits.items()}
    assert all(audit.returncode == 0 for audit in audits.values()), said
    return {name: (" ".join(said[name][0].split()), json.loads((folder / name).read_text())) for name in audits}


@pytest.mark.parametrize(("name", "says"), [("seccomp", "perf events"), ("descriptors", "descriptors")])
def test_where_no_watchpoint_is_possible_it_polls_and_says_why(
    name: str, says: str, limited: dict[str, tuple[str, Any]]
) -> None:
    printed, audit = limited[name]
    [collector] = audit["observations"]["gc"]["collectors"]
    assert collector["method"] == "poll"
    assert says in collector["because"]
    assert f"by polling ({collector['because']}" in printed
    assert "explicit-gc-collect" in printed


def unpacked(version: tuple[int, int]) -> tuple[Path, str]:
    """The folder into which a Debian's Python was unpacked, and the executable in it; skips where there is none."""
    name = f"python{dotted(version)}"
    if os.getuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may mount and change its root")
    for named in os.environ.get("PERFTOOLS_TEST_PYTHONS", "").split(os.pathsep):
        for folder in list(Path(named).resolve().parents)[:-1]:
            if (folder / "usr" / "bin" / name).exists() and list(folder.glob("usr/lib/*/ld-linux*")):
                return folder, str(folder / "usr" / "bin" / name)
    pytest.skip(f"PERFTOOLS_TEST_PYTHONS names no {name} that tools/debian-python.sh has unpacked")


@pytest.mark.parametrize("version", [(3, 14), (3, 15)], ids=dotted)
def test_a_python_under_chroot_is_observed(version: tuple[int, int], tmp_path: Path) -> None:
    folder, executable = unpacked(version)
    for inside in (folder, Path("/proc"), TARGET.parent, Path("/truth")):
        (tmp_path / str(inside).lstrip("/")).mkdir(parents=True, exist_ok=True)
    (tmp_path / "usr").symlink_to(folder / "usr")
    mount = (
        f'mount --bind "$1" "$0$1" && mount --bind /proc "$0/proc" && mount --bind {shlex.quote(str(TARGET.parent))}'
    )
    mount += f' "$0"{shlex.quote(str(TARGET.parent))} && root=$0 && shift && exec chroot "$root" "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", mount, str(tmp_path), str(folder)]
    python = Python(executable, dotted(version))
    truth_folder = tmp_path / "truth"
    with target(python, truth_folder, "pauses", "/truth", 2, 1, prefix=prefix) as started:
        assert re.fullmatch(r"/.*python3\.1\d", os.readlink(f"/proc/{started.pid}/exe"))
        assert os.readlink(f"/proc/{started.pid}/root") == str(tmp_path)
        with watching("poll", started.pid) as watch:
            started.say("go")
            assert started.hear() == "done"
            seen = watch.seen()
        truth = started.truth()
    floor_ms = max(LONG_MS, seen.max_gap_ms + 1)
    compared = compare(truth.pauses, seen.pauses)
    assert overlooked(compared.missed, seen, floor_ms) == []
    assert_counted(truth.pauses, seen)
    assert_told_right(compared)
