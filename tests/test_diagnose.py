"""The whole diagnosis: order, verdict, where the time goes, and rules that fail."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from perftools.detect import diagnose as engine
from perftools.detect.diagnose import diagnose, settled
from perftools.detect.judging import UNASKED
from perftools.finding import Diagnosis, TimeTable
from perftools.record import Audit, Missing, Run, Samples, Stream
from tests.scene import FLOAT, Scene, list_of

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11/site-packages"
SERVER = ("run", f"{LIB}/uvicorn/main.py", "7")
FLOATS = (list_of(FLOAT), 500)
TEXT = """
def mean(xs):
    for x in xs:
        s += x * 1.5

def spread(ys):
    for y in ys:
        t += y * y

def handler(body):
    time.sleep(1)
    return model.predict(body)
"""


def scene(small: int = 100, large: int = 300) -> Scene:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(small, SERVER, ("handler", APP, "return model"), ("mean", APP, "s += x"))
    made.sample(large, ("spread", APP, "t += y"))
    made.saw(APP, "s += x", "mean", xs=FLOATS)
    made.saw(APP, "t += y", "spread", ys=FLOATS)
    return made


def table(diagnosis: Diagnosis) -> TimeTable:
    assert isinstance(diagnosis.time, TimeTable)
    return diagnosis.time


def test_the_largest_gain_comes_first_and_the_verdict_names_each_by_its_number() -> None:
    diagnosis = diagnose(scene().audit())
    assert [finding.where.function for finding in diagnosis.findings if finding.where] == ["spread", "mean"]
    assert [clause.finding for clause in diagnosis.verdict] == [1, 2]
    assert "75 %" in diagnosis.verdict[0].text
    assert diagnosis.findings[1].entry is not None and diagnosis.findings[1].entry.function == "handler"
    assert {"gc-pause", "explicit-gc-collect", "pandas-hot-path"} <= {ok.rule for ok in diagnosis.checked_ok}


def test_severity_orders_before_gain() -> None:
    diagnosis = diagnose(scene(small=40, large=360).audit())
    assert [finding.severity for finding in diagnosis.findings] == ["high", "medium"]


def test_lines_and_functions_with_their_states() -> None:
    made = scene()
    made.sample(50, SERVER, ("handler", APP, "return model"), ("forward", f"{LIB}/torch/nn/modules/module.py", "9"))
    made.sample(400, ("handler", APP, "time.sleep"), tid=2)
    made.cpu_s = {(1, 2): 0.0}
    rows = {row.where.line: row for row in table(diagnose(made.audit())).lines}
    assert rows[7].share.value == pytest.approx(300 / 450)
    assert rows[11].does == "torch forward" and rows[11].share.value == pytest.approx(50 / 450)
    assert rows[10].share.value == 0 and rows[10].waiting == pytest.approx(400 / 100 / 16, rel=0.05)
    functions = {row.where.function: row for row in table(diagnose(made.audit())).functions}
    assert functions["spread"].where.line == 5
    assert functions["handler"].share.value == pytest.approx(50 / 450)


def with_gil_round(made: Scene, ticks: int = 25, *, only: bool = False) -> Audit:
    """After the other rounds, or `only` (as on 3.10), rounds in which the first stack is seen holding the GIL."""
    audit = made.audit()
    samples = audit.observations.samples
    assert isinstance(samples, Samples)
    if only:
        runs = tuple(replace(run, kind="gil") for run in samples.runs)
        samples = replace(samples, runs=runs, streams=tuple(replace(each, kind="gil") for each in samples.streams))
    else:
        gil = Run(pid=1, round=8, kind="gil", start_s=16.0, duration_s=2.0, ticks=200, errors=0)
        held = Stream(pid=1, tid=1, thread="", round=8, kind="gil", stacks=(0,) * ticks)
        samples = replace(samples, runs=(*samples.runs, gil), streams=(*samples.streams, held))
    return replace(audit, observations=replace(audit.observations, samples=samples))


def test_what_holds_the_gil_is_running_and_the_rest_native() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(200, ("spread", APP, "t += y"))
    made.sample(200, SERVER, ("handler", APP, "return model"))
    found = table(diagnose(with_gil_round(made)))
    rows = {row.where.line: row for row in found.lines}
    assert rows[7].running == pytest.approx(0.5, abs=0.1) and rows[7].native == pytest.approx(0, abs=0.1)
    assert rows[11].running == 0 and rows[11].native == pytest.approx(0.5)
    assert found.running == pytest.approx(0.5, abs=0.1) and found.native == pytest.approx(0.5, abs=0.1)


def test_a_python_line_beside_a_native_pool_is_all_running() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(800, ("spread", APP, "t += y"))
    made.cpu_s = {(1, 1): 8.0, (1, 2): 8.0}
    found = table(diagnose(with_gil_round(made, ticks=100)))
    assert found.lines[0].share.value == 1
    assert found.lines[0].running == pytest.approx(1) and found.lines[0].native == pytest.approx(0)
    assert (found.running, found.native, found.unseen) == pytest.approx((0.5, 0.0, 0.5))


def test_where_only_holders_of_the_gil_are_seen_nothing_is_called_native() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(800, ("spread", APP, "t += y"))
    made.cpu_s = {(1, 1): 8.0, (1, 2): 8.0}
    found = table(diagnose(with_gil_round(made, only=True)))
    assert found.of == "gil" and found.lines[0].share.value == 1
    assert found.lines[0].running is None and found.lines[0].native is None
    assert found.native is None and (found.running, found.unseen) == pytest.approx((0.5, 0.5))


def test_a_line_where_several_threads_wait_waits_more_than_the_window() -> None:
    made = scene()
    for tid in (2, 3, 4):
        made.sample(1600, ("handler", APP, "time.sleep"), tid=tid)
    (row,) = [row for row in table(diagnose(made.audit())).lines if row.where.line == 10]
    assert row.share.value == 0 and row.waiting == pytest.approx(3)


def test_without_a_finding_the_verdict_says_where_the_time_goes() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(200, SERVER, ("handler", APP, "return model"), ("forward", f"{LIB}/torch/nn/modules/module.py", "9"))
    (clause,) = diagnose(made.audit()).verdict
    assert clause.text == (
        "No rule fires: 100 % of the CPU lies in library code, most at app.py:11 handler (torch forward) with 100 %."
    )


def test_idle_and_stacks_that_could_not_be_read_are_said() -> None:
    made = Scene()
    made.file(APP, TEXT)
    made.sample(9, ("spread", APP, "t += y"))
    audit = made.audit()
    idle = diagnose(audit)
    assert not idle.findings and not idle.checked_ok
    assert idle.verdict[0].text == "Idle, not loaded: 9 busy samples in 16 s."
    missing = Missing(code="E-PTRACE", reason="no right")
    unread = diagnose(replace(audit, observations=replace(audit.observations, samples=missing)))
    assert unread.verdict[0].text == "Stacks could not be read: no right."
    assert unread.time == missing
    codes = {row.missing.code for row in unread.not_checked} - {UNASKED}
    assert codes == {"E-PTRACE", "E-IDLE"}, "the scheduler tells it too"


def test_a_rule_that_fails_is_reported_and_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def detect(*_: object) -> None:
        raise RuntimeError("oops")

    rules = (SimpleNamespace(id="broken", limits={}, detect=detect), *engine.detectors())
    monkeypatch.setattr(engine, "detectors", lambda: rules)
    diagnosis = diagnose(scene().audit())
    assert len(diagnosis.findings) == 2
    reasons = [row.missing.reason for row in diagnosis.not_checked if row.missing.code != UNASKED]
    assert reasons == ["the rule failed: RuntimeError: oops"]


def test_a_window_is_settled_when_more_of_it_would_change_no_severity() -> None:
    assert settled(scene(small=10, large=1500).audit())
    assert not settled(scene(small=30, large=300).audit()), "8 % to 12 %: low or medium"
    assert not settled(scene(small=0, large=40).audit()), "too few to tell"
    unread = scene(small=0, large=1500)
    unread.sites.clear()
    assert not settled(unread.audit()), "types not read"


def test_workers_are_told_apart() -> None:
    made = scene(small=0, large=0)
    made.sample(300, ("spread", APP, "t += y"), pid=1)
    made.sample(100, ("mean", APP, "s += x"), pid=2)
    made.cpu_s = {(1, 1): 3.0, (2, 1): 9.0}
    diagnosis = diagnose(made.audit())
    loads = {load.pid: load for load in diagnosis.processes}
    assert loads[1].top is not None and loads[1].top.function == "spread"
    assert loads[2].cpu_percent == pytest.approx(100 * 9 / 16)
    first = diagnosis.findings[0]
    assert first.where is not None and first.where.function == "mean"
    assert first.share is not None and first.share.value == pytest.approx(0.75)


def test_the_verdict_names_first_what_holds_more_than_any_finding() -> None:
    made = scene(small=0, large=100)
    made.sample(300, SERVER, ("handler", APP, "return model"), ("forward", f"{LIB}/torch/nn/modules/module.py", "9"))
    first, second = diagnose(made.audit()).verdict
    assert first.text == "75 % of the time is at app.py:11 handler (torch forward), which no rule covers."
    assert (first.finding, second.finding) == (None, 1)


def test_too_few_samples_are_said_in_the_verdict() -> None:
    (clause,) = diagnose(scene(small=0, large=40).audit()).verdict
    assert clause.text.startswith("Perhaps 100 % of the CPU, with too few samples to tell, goes to")
