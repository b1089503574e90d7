from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from perftools.collect import pyspy
from tests import fake_pyspy


def run(path: str, *, duration_s: float = 1.0, cpu_limit_s: float = 9.0) -> pyspy.Outcome:
    recording = pyspy.Recording(
        path, os.getpid(), rate_hz=100, duration_s=duration_s, gil=False, cpu_limit_s=cpu_limit_s
    )
    try:
        return recording.finish()
    finally:
        recording.close()


def test_every_option_is_one_that_this_py_spy_knows() -> None:
    path = pyspy.binary()
    assert path
    known = subprocess.run([path, "record", "--help"], capture_output=True, text=True, check=True).stdout
    argv = pyspy.command(path, 4711, "/proc/self/fd/5", rate_hz=50, duration_s=1.5, gil=True)
    assert argv[:2] == [path, "record"]
    for option in (word for word in argv if word.startswith("--")):
        assert option in known, option
    assert argv[argv.index("--duration") + 1] == "2"  # py-spy takes whole seconds; the rest is cut off by SIGINT
    assert "--gil" in argv


def test_a_run_is_judged_by_its_file(tmp_path: Path) -> None:
    stacks = {'Thread 7 "w"': [["main", "hot"]] * 3}
    outcome = run(fake_pyspy.install(tmp_path, fake_pyspy.WELL + "\nsys.exit(1)", stacks))
    assert outcome.recorded
    assert [len(thread.stacks) for thread in outcome.recorded.threads] == [3]
    assert (outcome.ticks, outcome.errors, outcome.stopped) == (99, 2, "")


def test_exit_code_zero_without_a_file_is_a_failure(tmp_path: Path) -> None:
    assert run(fake_pyspy.install(tmp_path, "sys.exit(0)")).recorded is None


@pytest.mark.parametrize(
    ("behaviour", "why"), [(fake_pyspy.SPINS, "cost"), (fake_pyspy.LATE, "late"), (fake_pyspy.SLEEPS, "time")]
)
def test_the_guard_ends_what_costs_too_much_falls_behind_or_outlives_its_time(
    tmp_path: Path, behaviour: str, why: str
) -> None:
    # only the run that outlives its time has a short one
    path = fake_pyspy.install(tmp_path, behaviour, {"Thread 7": [["main"]]})
    outcome = run(path, duration_s=0.5 if why == "time" else 20.0, cpu_limit_s=0.3)
    assert outcome.stopped == why
    assert outcome.recorded, "the file that it wrote when asked to end"
    assert outcome.errors == 3
    assert outcome.duration_s < 10
    assert 0 < outcome.ticks <= 100 * outcome.duration_s


def test_one_that_does_not_end_when_asked_is_killed(tmp_path: Path) -> None:
    started_s = time.monotonic()
    outcome = run(fake_pyspy.install(tmp_path, fake_pyspy.DEAF), duration_s=0.3)
    assert outcome.recorded is None
    assert time.monotonic() - started_s < 15


def test_what_it_writes_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyspy, "_FILE_BYTES", 1 << 16)
    outcome = run(fake_pyspy.install(tmp_path, 'write("x" * (1 << 20)); time.sleep(30)'), duration_s=5.0)
    assert outcome.recorded is None
    assert outcome.duration_s < 5, "the kernel ends it at the limit"


def test_it_is_started_with_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFTOOLS_TEST_SECRET", "x")
    says = "import os; print('Error:', dict(os.environ), flush=True)"
    log = run(fake_pyspy.install(tmp_path, says)).log
    assert "RUST_BACKTRACE" in log
    assert "SECRET" not in log


def test_its_last_words_are_one_printable_line() -> None:
    log = "Error: Failed to suspend \x1b[31mprocess\n\nCaused by:\n    0: EPERM\n    1: Operation not permitted\n"
    assert pyspy.last_words(log) == "Failed to suspend [31mprocess (Operation not permitted)"
    assert pyspy.last_words("py-spy> Wrote speedscope file to 'x'. Samples: 9 Errors: 0") == ""
    assert len(pyspy.last_words("Error: " + "x" * 5000)) == 200


def test_errors_and_lateness_are_read_from_what_it_prints() -> None:
    assert pyspy.error_count("py-spy> Wrote speedscope file to 'x'. Samples: 297 Errors: 14\n") == 14
    assert pyspy.error_count("") == 0
    late = "py-spy> 1.08s behind in sampling, results may be inaccurate.\npy-spy> 2.31s behind in sampling, …\n"
    assert pyspy.lateness_s(late) == 2.31
    assert pyspy.lateness_s("") == 0.0


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    path = fake_pyspy.install(tmp_path, fake_pyspy.WELL)
    run(path)
    before = os.listdir("/proc/self/fd")
    run(path)
    with pytest.raises(OSError, match="no-such"):
        run(str(tmp_path / "no-such"))
    assert os.listdir("/proc/self/fd") == before
