"""What forked workers copy: the mappings of both, the rule, its limits from both sides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.causes import Evidence
from perftools.collect.inherited import inherited
from perftools.collect.smaps import Heap
from perftools.detect import fork_memory as rule
from perftools.finding import Finding, Measure, Ok
from perftools.record import ForkedMemory, Missing
from tests.scene import Scene

APP = "/srv/app.py"
MIB = 1 << 20


def heap(start: int, end: int, *, private: int = 0, shared: int = 0) -> Heap:
    return Heap(start, end, private + shared, private, shared)


def test_what_is_shared_was_not_copied_and_what_is_private_was() -> None:
    parent = [heap(0, 1000, private=200, shared=600)]
    assert inherited(parent, [heap(0, 1000, shared=800)]) == (800, 0)
    assert inherited(parent, [heap(0, 1000, private=200, shared=600)]) == (800, 200)


def test_what_was_allocated_after_the_fork_is_no_copy() -> None:
    parent = [heap(0, 1000, private=100, shared=700)]
    assert inherited(parent, [heap(0, 5000, private=3000, shared=700)]) == (800, 100)
    assert inherited(parent, [heap(2000, 5000, private=3000)]) == (0, 0)


def test_a_mapping_that_was_split_or_joined_counts_in_proportion() -> None:
    parent = [heap(0, 1000, shared=1000), heap(1000, 2000, shared=500), heap(9000, 9100, shared=100)]
    assert inherited(parent, [heap(0, 500, private=400), heap(500, 2000, shared=1000)]) == (1400, 400)
    assert inherited([heap(0, 1000, shared=1000)], [heap(0, 250, private=250)]) == (250, 250)


RANGES = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 64), st.floats(0, 1), st.floats(0, 1)), max_size=12
)  # fmt: skip


def heaps(parts: list[tuple[int, int, float, float]]) -> list[Heap]:
    made, at = [], 0
    for gap, pages, resident, private in parts:
        at += gap
        anonymous = int(pages * resident) * 4096
        own = int(anonymous // 4096 * private) * 4096
        made.append(Heap(4096 * at, 4096 * (at + pages), anonymous, own, anonymous - own))
        at += pages
    return made


@given(RANGES, RANGES)
def test_never_more_than_there_is(parent: list[Any], child: list[Any]) -> None:
    theirs, ours = heaps(parent), heaps(child)
    resident, copied = inherited(theirs, ours)
    assert 0 <= copied <= resident <= min(sum(each.anonymous for each in ours), sum(each.anonymous for each in theirs))


@given(RANGES)
def test_right_after_the_fork_all_is_shared(parts: list[Any]) -> None:
    both = [Heap(each.start, each.end, each.anonymous, 0, each.anonymous) for each in heaps(parts)]
    assert inherited(both, both) == (sum(each.anonymous for each in both), 0)


def scene(*copied: tuple[int, int], inherited: int = 400, **kept: Any) -> Scene:
    """Forked workers, with MiB copied at the first look and at the last."""
    looks = tuple(
        ForkedMemory(pid=pid, parent=9, at_s=at_s, inherited_bytes=inherited * MIB, copied_bytes=mib * MIB)
        for pid, both in enumerate(copied, 1)
        for at_s, mib in zip((0.0, 15.0), both, strict=True)
    )
    made = Scene(kept={"forked": looks, **kept})
    made.file(APP, "def handle(request):\n    return sorted(request)\n")
    for pid in range(1, max(len(copied), 1) + 1):
        made.sample(200, ("handle", APP, "return sorted"), pid=pid)
    return made


def finding(made: Scene, **changed: float) -> Finding:
    answer = rule.detect(Evidence(made.audit()), {**rule.limits, **changed})
    assert isinstance(answer, list) and isinstance(answer[0], Finding), answer
    return answer[0]


def fine(made: Scene, **changed: float) -> str:
    answer = rule.detect(Evidence(made.audit()), {**rule.limits, **changed})
    assert isinstance(answer, Ok), answer
    return answer.says


def rows(of: Finding) -> dict[str, float]:
    return {each.label: each.estimate.value for each in of.evidence if isinstance(each, Measure)}


def test_the_worst_worker_and_all_of_them_together() -> None:
    found = finding(scene((100, 200), (280, 310), (10, 20)))
    assert found.title == (
        "2 forked workers have each copied up to 310 MiB of the 400 MiB that they were to share, 510 MiB in all"
    )
    said = rows(found)
    assert said["copied by pid 2, the worst"] == 310 and said["of what it inherited"] == pytest.approx(77.5)
    assert said["copied within 15 s of the window"] == 30 and said["still shared with pid 9"] == 90


def test_the_limits_from_both_sides() -> None:
    finding(scene((100, 100)))
    fine(scene((99, 99), inherited=300))
    finding(scene((99, 99), inherited=300), copied_mib=99)
    fine(scene((120, 120)), share=0.31)
    finding(scene((120, 120)), share=0.3)
    fine(scene((60, 60), (60, 60), inherited=63))
    finding(scene((60, 60), (60, 60), inherited=64))


@pytest.mark.parametrize(("mib", "severity"), [(102, "low"), (103, "medium"), (257, "high")])
def test_severity_is_by_the_part_of_the_limit(mib: int, severity: str) -> None:
    limit = {"limit_bytes": 1024 * MIB, "used_bytes": 0, "limit_source": "max"}
    assert finding(scene((0, mib), **limit)).severity == severity
    assert finding(scene((0, mib))).severity == "low", "of the machine's 16 GiB"


def test_what_is_fine_says_why() -> None:
    assert fine(scene()) == "no process was forked from one that is still there"
    assert fine(scene((1, 1), inherited=12)) == "1 forked process inherited at most 12 MiB: little to share"
    assert fine(scene((20, 30))) == "1 forked process: the worst has copied 30 MiB of 400 MiB inherited"


def test_advice_is_to_freeze_unless_that_was_done() -> None:
    made = scene((0, 300))
    assert "gc.freeze()` in the parent" in finding(made).todo
    made.commands[9] = ("gunicorn: master [app]",)
    assert "when_ready(server)" in finding(made).todo
    made.collector(1, frozen=1000)
    assert finding(made).todo.startswith("The collector leaves these objects alone already")


def test_what_could_not_be_looked_at_is_not_checked() -> None:
    refused = Missing(code="V-NORIGHT", reason="the page tables of pid 1 may not be read", remedy="run it as root")
    answer = rule.detect(Evidence(scene(unwalked=refused).audit()))
    assert isinstance(answer, Missing) and answer.code == "V-BLIND" and answer.remedy == "run it as root"
    absent = scene()
    absent.memory = Missing(code="E-ABSENT", reason="was not recorded")
    assert isinstance(rule.detect(Evidence(absent.audit())), Missing)


def test_an_idle_service_is_not_called_fine() -> None:
    idle = Scene()
    idle.file(APP, "def handle(request):\n    return sorted(request)\n")
    idle.sample(9, ("handle", APP, "return sorted"))
    answer = rule.detect(Evidence(idle.audit()))
    assert isinstance(answer, Missing) and answer.code == "E-IDLE"
