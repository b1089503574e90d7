"""What becomes of a budget: when it is measured again, when it is broken, and what is said."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from perftools.budget.check import check
from perftools.budget.model import UNITS, Budget, Budgets, Metric, Pair, Unmeasurable, Verdict, Waiver
from perftools.errors import FileError

Values = Callable[[int], float]
"""Of the n-th process."""


class Fake:
    """A measurer and a runner whose processes differ by as much noise as is asked for."""

    def __init__(self, head: Values, base: Values = lambda n: 1.0, noise: float = 0.0) -> None:
        self.head, self.base, self.noise = head, base, noise
        self.generator = np.random.default_rng(1)
        self.pairs = self.runs = self.closed = self.asked = 0

    def open(self, budget: Budget) -> Fake:
        return self

    def pair(self) -> Pair:
        self.pairs += 1
        return Pair(self._rounds(self.base(self.pairs)), self._rounds(self.head(self.pairs)))

    def alone(self) -> tuple[float, ...]:
        self.runs += 1
        return self._rounds(self.head(self.runs))

    def grew(self) -> tuple[str, ...]:
        self.asked += 1
        return ("features.encode +8.1 %",)

    def close(self) -> None:
        self.closed += 1

    def _rounds(self, value: float) -> tuple[float, ...]:
        if not self.noise:
            return (value,)
        own = value * math.exp(self.generator.normal(0, self.noise))
        return tuple(own * np.exp(self.generator.normal(0, self.noise, 10)))


class Broken(Fake):
    """Cannot be measured from the n-th pair on; None: not even opened."""

    def __init__(self, code: str, reason: str, after: int | None = None) -> None:
        super().__init__(lambda n: 1.0)
        self.why, self.after = Unmeasurable(code, reason), after

    def open(self, budget: Budget) -> Fake:
        if self.after is None:
            raise self.why
        return self

    def pair(self) -> Pair:
        if self.after is not None and self.pairs >= self.after:
            raise self.why
        return super().pair()


def budget(metric: Metric = "cpu_time", name: str = "it", **limits: float) -> Budget:
    return Budget(id=name, target="bench.py", metric=metric, path="perf-budgets.toml", line=3, **limits)  # type: ignore[arg-type]


def verdict(budget: Budget, fake: Fake, *waivers: Waiver) -> Verdict:
    said: list[str] = []
    (found,) = check(Budgets(path="x", budgets=(budget,), waivers=waivers), fake, progress=said.append)
    assert said and all(line.startswith("it: ") for line in said)
    return found


def waiver(reason: str = "a new model") -> Waiver:
    return Waiver(budget="it", until=datetime.date(2027, 1, 31), reason=reason, path="perf-budgets.toml", line=9)


def test_what_is_under_its_limit_passes_at_the_first_look() -> None:
    fake = Fake(lambda n: 1.01, noise=0.02)
    found = verdict(budget(max_regression=0.10), fake)
    assert (found.status, found.pairs, found.confirmed, found.reason, found.grew) == ("pass", 8, False, "", ())
    assert found.measured is not None and found.measured.unit == "ratio"
    assert found.measured.low < 0.01 < found.measured.high < 0.10 < (found.detectable or 0)
    assert (fake.closed, fake.asked, found.limit) == (1, 0, "+10 %")


def test_what_is_over_it_must_repeat_and_names_what_grew() -> None:
    fake = Fake(lambda n: 1.25, noise=0.02)
    found = verdict(budget(max_regression=0.10), fake)
    assert (found.status, found.pairs, found.confirmed) == ("broken", 16, True)
    assert (len(found.samples.pairs), len(found.samples.confirming)) == (8, 8)
    assert found.measured is not None and found.measured.low > 0.10 and found.measured.n == 8
    assert (found.grew, fake.asked, fake.closed) == (("features.encode +8.1 %",), 1, 1)


def test_what_does_not_repeat_is_inconclusive() -> None:
    fake = Fake(lambda n: 1.25 if n <= 8 else 1.0, noise=0.02)
    found = verdict(budget(max_regression=0.10), fake)
    assert (found.status, found.confirmed, found.grew) == ("inconclusive", False, ())
    assert found.reason == "8 pairs were over the limit, and 8 fresh ones did not confirm it"


def test_what_lies_at_the_limit_is_measured_to_the_end_and_left_open() -> None:
    fake = Fake(lambda n: 1.10, noise=0.05)
    found = verdict(budget(max_regression=0.10), fake)
    assert (found.status, found.pairs) == ("inconclusive", 32)
    assert found.reason == "after 32 pairs the truth may lie on either side of the limit"


def test_more_pairs_settle_what_eight_leave_open() -> None:
    found = verdict(budget(max_regression=0.05), Fake(lambda n: 1.0, noise=0.035))
    assert found.status == "pass" and 8 < found.pairs <= 32


def test_a_limit_below_what_can_be_told_is_judged_at_what_can() -> None:
    found = verdict(budget(max_regression=0.01), Fake(lambda n: 1.03, noise=0.005))
    assert (found.status, found.limit) == ("pass", "+1 %")
    assert found.reason == "CPU time cannot tell +1.0 % from noise here and is judged at +5.0 %"
    assert verdict(budget(max_regression=0.01), Fake(lambda n: 1.08, noise=0.005)).status == "broken"


def test_throughput_is_worse_the_less_it_is() -> None:
    service = budget("throughput", max_regression=0.20)
    more = verdict(service, Fake(lambda n: 2.0, noise=0.02))
    assert more.status == "pass" and more.measured is not None and more.measured.value == pytest.approx(1.0, abs=0.1)
    less = verdict(service, Fake(lambda n: 0.7, noise=0.02))
    assert less.status == "broken" and less.measured is not None
    assert less.measured.low < -0.3 < less.measured.high < -0.2 and 0.2 < (less.detectable or 0) < 0.3
    assert less.limit == "−20 %"


def test_what_repeats_is_compared_directly() -> None:
    counted = budget("instructions", max_regression=0.01)
    assert (verdict(counted, Fake(lambda n: 1e9 + n, lambda n: 1e9 - n)).pairs) == 2
    slower = verdict(counted, Fake(lambda n: 1.02e9 + n, lambda n: 1e9 - n))
    assert (slower.status, slower.pairs) == ("broken", 4)
    assert slower.measured is not None and slower.measured.counted and slower.measured.value == pytest.approx(0.02)
    unsteady = verdict(counted, Fake(lambda n: 1e9 * (1 + 0.03 * (n % 2)), lambda n: 1e9))
    assert (unsteady.status, unsteady.pairs) == ("inconclusive", 4)


def test_findings_are_counted_twice_where_there_are_too_many() -> None:
    clean = Fake(lambda n: 0.0)
    assert (verdict(budget("findings", max=0.0), clean).status, clean.runs) == ("pass", 1)
    found = Fake(lambda n: 2.0)
    assert (verdict(budget("findings", max=0.0), found).status, found.runs) == ("broken", 2)
    once = Fake(lambda n: float(n == 1))
    assert (verdict(budget("findings", max=0.0), once).status, once.runs) == ("inconclusive", 2)


def test_absolute_limits_need_processes_of_head_alone() -> None:
    fake = Fake(lambda n: 0.0020, noise=0.02)
    found = verdict(budget(max=0.003), fake)
    assert (found.status, fake.runs, fake.pairs, len(found.samples.alone)) == ("pass", 8, 0, 8)
    assert found.measured is not None and found.measured.unit == UNITS["cpu_time"]
    assert found.measured.low < 0.0020 < found.measured.high and found.limit == "3 ms"
    fake = Fake(lambda n: 0.0040, noise=0.02)
    found = verdict(budget(max=0.003), fake)
    assert (found.status, fake.runs, found.confirmed, len(found.samples.alone)) == ("broken", 16, True, 16)
    assert verdict(budget("throughput", min=500.0), Fake(lambda n: 400.0, noise=0.01)).status == "broken"
    assert verdict(budget("throughput", min=500.0), Fake(lambda n: 600.0, noise=0.01)).status == "pass"


def test_both_limits_share_the_processes_of_head() -> None:
    fake = Fake(lambda n: 0.0020, lambda n: 0.0020, noise=0.02)
    found = verdict(budget(max_regression=0.10, max=0.003), fake)
    assert (found.status, fake.pairs, fake.runs, found.samples.alone) == ("pass", 8, 0, ())
    fake = Fake(lambda n: 0.0040, lambda n: 0.0040, noise=0.02)
    found = verdict(budget(max_regression=0.10, max=0.003), fake)
    assert (found.status, fake.runs, len(found.samples.alone)) == ("broken", 8, 8)
    assert found.measured is not None and found.measured.value == pytest.approx(0.004, rel=0.1)


def test_what_cannot_be_measured_is_never_green() -> None:
    for fake in (Broken("B-BASE", "the base does not build"), Broken("B-BASE", "the base does not build", after=5)):
        found = verdict(budget(max_regression=0.10), fake)
        assert (found.status, found.reason, found.measured) == ("not_measured", "the base does not build", None)
        assert found.pairs == (fake.after or 0) and fake.closed == (fake.after is not None)
    half = verdict(budget(max_regression=0.10, max=2.0), Broken("B-BASE", "the base does not build", after=0))
    assert half.status == "not_measured" and len(half.samples.alone) == 8
    over = verdict(budget(max_regression=0.10, max=0.5), Broken("B-BASE", "the base does not build", after=0))
    assert over.status == "broken"


def test_values_without_a_ratio_are_not_measured() -> None:
    found = verdict(budget("gc_pause", max_regression=0.20), Fake(lambda n: 0.0))
    assert found.status == "not_measured" and "0 has no relative change" in found.reason


def test_a_target_that_matches_nothing_is_an_error_of_the_file() -> None:
    with pytest.raises(FileError, match=r"^perf-budgets.toml:3: the budget 'it': there is no bench.py$"):
        verdict(budget(max=1.0), Broken("B-TARGET", "there is no bench.py"))


def test_a_waiver_excuses_what_is_broken_and_nothing_else() -> None:
    broken = verdict(budget(max_regression=0.10), Fake(lambda n: 1.25, noise=0.02), waiver())
    assert (broken.status, broken.reason) == ("waived", "broken, waived until 2027-01-31: a new model")
    assert broken.waiver == waiver() and broken.grew
    fine = verdict(budget(max_regression=0.10), Fake(lambda n: 1.0, noise=0.02), waiver())
    assert (fine.status, fine.reason) == ("pass", "met again, so its waiver can go")
    unknown = verdict(budget(max_regression=0.10), Broken("B-BASE", "the base does not build"), waiver())
    assert unknown.status == "not_measured"


def test_the_runner_is_closed_when_it_is_interrupted() -> None:
    def interrupted(n: int) -> float:
        raise KeyboardInterrupt

    fake = Fake(interrupted)
    with pytest.raises(KeyboardInterrupt):
        verdict(budget(max_regression=0.1), fake)
    assert fake.closed == 1


def test_among_many_limits_weak_evidence_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each break is at the 0.4 % level, twice: convincing of one budget, not of a thousand."""
    from perftools.budget import statistics

    def barely(pairs: object) -> statistics.Spread:
        return statistics.Spread(centre=math.log(1.1) + 0.0102 * statistics._student(0.996, 31), error=0.0102, n=32)

    monkeypatch.setattr(statistics, "change", barely)

    def statuses(number: int) -> set[str]:
        some = tuple(budget(name=f"b{each}", max_regression=0.10) for each in range(number))
        found = check(Budgets(path="x", budgets=some, waivers=()), Fake(lambda n: 1.0), progress=lambda text: None)
        return {each.status for each in found}

    assert statuses(1) == {"broken"}
    assert statuses(1000) == {"inconclusive"}


def false_alarms(trials: int) -> Iterator[str]:
    fake = Fake(lambda n: 1.0, noise=0.03)
    for _ in range(trials):
        yield verdict(budget(max_regression=0.05), fake).status


def test_the_same_code_is_not_called_broken() -> None:
    statuses = list(false_alarms(120))
    assert "broken" not in statuses and statuses.count("pass") > 100
