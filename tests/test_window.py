from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from perftools.collect import window
from perftools.collect.recorder import Kind
from perftools.errors import Gone
from perftools.record import (
    Cost,
    Missing,
    Observations,
    Part,
    Quality,
    RoundTime,
    Run,
    Samples,
    Stream,
    Target,
    Threads,
)
from tests.observed import target

COST = Cost(method="", cpu_s=0.0, lost=0, max_gap_ms=0.0, complete="")


def samples(count: int) -> Samples:
    """So many of the same stack."""
    run = Run(pid=1, round=0, kind="active", start_s=0.0, duration_s=2.0, ticks=199, errors=0)
    stream = Stream(pid=1, tid=1, thread="", round=0, kind="active", stacks=(0,) * count)
    return Samples(cost=COST, rate_hz=100.0, frames=(("f", "f.py", 1),), stacks=((0,),), runs=(run,), streams=(stream,))


def threads(cpu_s: float) -> Threads:
    """One round of 2 s in which the service used so much CPU."""
    return Threads(cost=COST, rounds=(RoundTime(pid=1, round=0, start_s=0.0, duration_s=2.0, cpu_s=cpu_s),), times=())


class Fake:
    """Writes down what it is asked to do, and can do something of its own at a step."""

    def __init__(
        self, name: str = "samples", result: Part | Missing | None = None, at_step: Callable[[], Any] = lambda: None
    ) -> None:
        self.id = name
        self.calls: list[str] = []
        self.rounds: list[tuple[int, Kind]] = []
        self.durations: list[float] = []
        self.warnings: list[str] = []
        self.log: list[str] = []
        self._result = samples(500) if result is None else result
        self._at_step = at_step

    def begin_round(self, number: int, kind: Kind, duration_s: float) -> None:
        self.rounds.append((number, kind))
        self.durations.append(duration_s)
        self._call("begin")

    def step(self) -> None:
        self._call("step")
        self._at_step()

    def end_round(self) -> None:
        self._call("end")

    def result(self) -> Any:
        return self._result

    def close(self) -> None:
        self._call("close")

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.log.append(f"{name} {self.id}")


def observe(
    *recorders: Fake, window_s: float = 0.4, of: Target | None = None, **options: Any
) -> tuple[Observations, Quality]:
    settings: dict[str, Any] = {"exact": True, "enough": lambda seen: False, "after_round": lambda seen: None}
    return window.observe(of or target(os.getpid()), recorders, window_s=window_s, **settings | options)


@pytest.mark.parametrize(("window_s", "rounds"), [(0.4, 4), (0.9, 4)])
def test_a_short_window_has_at_least_three_rounds_and_one_of_gil_holders(window_s: float, rounds: int) -> None:
    fake = Fake()
    _, quality = observe(fake, window_s=window_s)
    assert len(fake.rounds) >= 3
    assert len(fake.rounds) <= rounds
    assert "gil" in [kind for _, kind in fake.rounds]
    assert [number for number, _ in fake.rounds] == list(range(len(fake.rounds)))
    assert (quality.ended, quality.rounds) == ("complete", len(fake.rounds))
    assert quality.window_s >= window_s - 0.05


def test_every_fourth_round_looks_at_gil_holders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "ROUND_S", 0.05)
    fake = Fake()
    observe(fake, window_s=0.6)
    kinds = [kind for _, kind in fake.rounds]
    assert len(kinds) >= 5
    assert [number for number, kind in enumerate(kinds) if kind == "gil"] == list(range(3, len(kinds), 4))


def test_rounds_nest_and_every_recorder_is_stepped_and_closed() -> None:
    log: list[str] = []
    inner, outer = Fake("samples"), Fake("threads", threads(2.0))
    inner.log = outer.log = log
    observe(inner, outer)
    first = [entry for entry in log if not entry.startswith("step")][:4]
    assert first == ["begin threads", "begin samples", "end samples", "end threads"]
    assert log[-2:] == ["close samples", "close threads"]
    assert inner.calls.count("step") == outer.calls.count("step") >= 4


@pytest.mark.parametrize("method", ["begin_round", "step", "end_round", "result"])
def test_a_recorder_that_raises_is_dropped_with_its_reason(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = Fake("values"), Fake("samples")

    def fail(*arguments: object) -> None:
        raise ValueError("no such frame")

    monkeypatch.setattr(broken, method, fail)
    observations, quality = observe(broken, other)
    assert isinstance(observations.values, Missing)
    assert "ValueError: no such frame" in observations.values.reason
    assert isinstance(observations.samples, Samples)
    assert quality.rounds >= 3
    assert "close" in broken.calls
    assert broken.calls.count("begin") <= 1


def test_a_third_party_recorder_fills_extra_and_may_warn() -> None:
    other = Fake("acme", Missing(code="X", reason="y"))
    other.warnings.append("acme saw nothing")
    observations, quality = observe(Fake(), other)
    assert msgspec.json.decode(observations.extra["acme"])["reason"] == "y"
    assert "acme saw nothing" in quality.warnings
    assert isinstance(observations.threads, Missing)


def test_it_ends_early_when_enough_is_known_but_not_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "ROUND_S", 0.1)
    monkeypatch.setattr(window, "EARLY_S", 0.35)
    asked: list[int] = []
    fake = Fake()
    _, quality = observe(fake, window_s=2.0, exact=False, enough=lambda seen: not asked.append(1))
    assert quality.ended == "early"
    assert 0.35 <= quality.window_s < 1.5
    assert len(asked) == 1
    assert quality.loaded


def test_an_exact_window_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "EARLY_S", 0.0)
    idle = Fake(result=samples(0))
    _, quality = observe(idle, exact=True, enough=lambda seen: pytest.fail("was asked"))
    assert (quality.ended, quality.loaded) == ("complete", False)
    assert quality.window_s < 0.8


def test_without_load_it_goes_on_to_twice_its_length() -> None:
    idle = [Fake(result=samples(3)), Fake("threads", threads(0.001))]
    notes: list[str] = []
    _, quality = observe(*idle, exact=False, enough=lambda seen: True, progress=lambda **now: notes.append(now["note"]))
    assert (quality.ended, quality.loaded) == ("extended", False)
    assert quality.window_s >= 0.75
    assert notes[0] == ""
    assert "no load" in notes[-1]


@pytest.mark.parametrize(
    ("count", "cpu_s", "busy"),
    [(0, 0.0, False), (19, 0.039, False), (3, 0.05, True), (20, 0.3, True), (500, 0.01, False), (0, 1.0, True)],
)
def test_loaded_means_twenty_busy_samples_or_two_percent_of_a_core(count: int, cpu_s: float, busy: bool) -> None:
    absent = Missing(code="", reason="")
    seen = Observations(samples=samples(count), threads=threads(cpu_s), values=absent)
    assert window.loaded(seen) is busy


def test_after_each_round_everybody_hears_of_it() -> None:
    seen: list[Observations] = []
    shown: list[dict[str, Any]] = []
    observe(Fake(), Fake("threads", threads(1.0)), after_round=seen.append, progress=lambda **now: shown.append(now))
    assert len(seen) >= 3
    assert shown[0]["stacks"] == 0
    assert shown[0]["cpu_percent"] is None
    assert shown[-1]["stacks"] == 500
    assert shown[-1]["cpu_percent"] == pytest.approx(50.0)
    assert 0 < shown[-1]["elapsed_s"] <= shown[-1]["planned_s"] == 0.4


def once(call: Callable[[], None]) -> Callable[[], None]:
    done: list[bool] = []

    def act() -> None:
        if not done:
            done.append(True)
            call()

    return act


def test_ctrl_c_ends_the_round_and_gives_what_there_is() -> None:
    before = signal.getsignal(signal.SIGINT)
    fake = Fake(at_step=once(lambda: os.kill(os.getpid(), signal.SIGINT)))
    observations, quality = observe(fake, window_s=30.0)
    assert quality.ended == "interrupted"
    assert quality.window_s < 10
    assert isinstance(observations.samples, Samples)
    assert fake.calls.count("end") == 1
    assert fake.calls[-1] == "close"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_ends_the_program_with_everything_closed() -> None:
    before = signal.getsignal(signal.SIGINT)

    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    fake = Fake(at_step=once(twice))
    with pytest.raises(KeyboardInterrupt):
        observe(fake, window_s=30.0)
    assert fake.calls[-1] == "close"
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_sigint_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _, quality = observe(Fake(at_step=once(lambda: os.kill(os.getpid(), signal.SIGINT))))
    finally:
        signal.signal(signal.SIGINT, before)
    assert quality.ended == "complete"


def test_it_runs_in_any_thread() -> None:
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.append(observe(Fake())[1].ended))
    thread.start()
    thread.join()
    assert ended == ["complete"]


def test_a_target_that_ends_leaves_what_was_seen_of_it() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    of = target(sleeper.pid)
    observations, quality = observe(Fake(at_step=once(sleeper.kill)), window_s=4.0, of=of)
    assert quality.ended == "gone"
    assert quality.window_s < 3.5
    assert isinstance(observations.samples, Samples)
    assert quality.warnings == (f"worker {sleeper.pid} ended in the window",)
    sleeper.wait()


def test_a_target_that_ends_unseen_is_an_error() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    fake = Fake(result=samples(19), at_step=once(sleeper.kill))
    with pytest.raises(Gone) as caught:
        observe(fake, of=target(sleeper.pid))
    assert caught.value.looked_at["samples"] == 19
    assert fake.calls[-1] == "close"
    sleeper.wait()


def test_stopped_workers_and_processes_born_meanwhile_are_told() -> None:
    born: list[subprocess.Popen[bytes]] = []
    stopped = subprocess.Popen(["sleep", "60"])
    try:
        time.sleep(0.05)
        stopped.send_signal(signal.SIGSTOP)
        act = once(lambda: born.append(subprocess.Popen(["sleep", "60"])))
        _, quality = observe(Fake(at_step=act), of=target(os.getpid(), stopped.pid))
    finally:
        for process in [stopped, *born]:
            process.kill()
            process.wait()
    assert any(f"worker {stopped.pid} was stopped" in warning for warning in quality.warnings)
    assert "processes started in the window, and not sampled: 1" in quality.warnings


def test_our_own_cpu_and_our_children_s_is_counted_from_the_window_s_start() -> None:
    def work() -> None:
        end_s = time.process_time() + 0.2
        while time.process_time() < end_s:
            pass
        subprocess.run(["sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"], check=True)

    _, quality = observe(Fake(at_step=once(work)), window_s=0.4)
    _, without = observe(Fake(), window_s=0.4)
    assert quality.observer_cpu_s > 0.2 + without.observer_cpu_s
