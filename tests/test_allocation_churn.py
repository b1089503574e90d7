"""allocation-churn on scenes built by hand, and the lines that allocations are charged to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from perftools.causes import Evidence
from perftools.causes.allocated import by_line
from perftools.detect.allocation_churn import detect, limits
from perftools.detect.judging import UNASKED
from perftools.finding import Finding, Ok
from perftools.record import Audit, Missing
from tests.allocated import MIB, NUMPY, PANDAS, Heap
from tests.scene import Scene

APP = "/srv/app.py"
TEXT = """
def handle(request):
    rows = store.rows
    scores = (rows - request.mean) / request.std
    best = scores * scores
    return top(best)

def top(scores):
    return pick(scores)

def serve(queue):
    while True:
        handle(queue.get())
"""
SCORES = ("handle", APP, "scores = (rows")
BEST = ("handle", APP, "best =")
TOP = ("top", APP, "return pick")


def busy(text: str = TEXT, line: str = "scores = (rows", function: str = "handle") -> Scene:
    """A worker whose samples lie in one line."""
    scene = Scene()
    scene.file(APP, text)
    scene.sample(800, (function, APP, line))
    return scene


def churning(mib_per_s: float, size_mib: float = 8.0, *, scene: Scene | None = None) -> Heap:
    heap = Heap(scene or busy())
    heap.temporary(mib_per_s / size_mib, size_mib * MIB, SCORES)
    return heap


def judge(audit: Audit, **changes: float) -> Sequence[Finding] | Ok | Missing:
    return detect(Evidence(audit), {**limits, **changes})


def findings(audit: Audit, **changes: float) -> Sequence[Finding]:
    answer = judge(audit, **changes)
    assert not isinstance(answer, Ok | Missing), answer
    return answer


FRESH = {"page_faults_per_s": 200_000.0, "fault_us": 1.5}
"""0.3 of a core; a GiB has 262 144 pages."""


def test_large_temporaries_name_the_function_and_its_line() -> None:
    heap = churning(800)
    heap.temporary(40, 8 * MIB, BEST)
    (finding,) = findings(heap.audit(**FRESH))
    assert finding.where is not None
    assert (finding.where.function, finding.where.line) == ("handle", 3)
    assert finding.title == "1120 MiB/s of large temporaries, about 60 % of the CPU of worker 1"
    assert finding.severity == "high"
    assert [line for line, _ in finding.heat] == [3, 4]
    assert finding.heat[0][1] == pytest.approx(800 / 1120)
    assert "out=" in finding.todo and finding.share is None
    rows = {row.label: row.estimate.value for row in finding.evidence if not isinstance(row, str)}
    assert rows["temporaries"] == pytest.approx(140)
    assert rows["mean size"] == pytest.approx(8.0)
    assert "200000 page faults a second take 30 % of a core" in finding.why


@pytest.mark.parametrize(("faults", "severity"), [(0, None), (33_000, None), (34_000, "low"), (140_000, "high")])
def test_the_page_faults_decide(faults: float, severity: str | None) -> None:
    answer = judge(churning(800).audit(page_faults_per_s=faults, fault_us=1.5, undisturbed_cpus=1.0))
    if severity is None:
        assert isinstance(answer, Ok)
        assert answer.says == f"800 MiB/s of large temporaries in worker 1, with {faults:.0f} page faults/s"
    else:
        assert isinstance(answer, Sequence) and [finding.severity for finding in answer] == [severity]


def test_no_page_faults_more_than_the_temporaries_have_pages() -> None:
    heap = churning(100)  # 25 600 pages a second, 3.8 % of a core
    assert isinstance(judge(heap.audit(undisturbed_cpus=1.0, page_faults_per_s=1e6, fault_us=1.5)), Ok)


def test_page_faults_are_shared_by_bytes() -> None:
    heap = churning(400)
    heap.temporary(50, 8 * MIB, TOP)
    found = findings(heap.audit(**FRESH, undisturbed_cpus=1.0), low=0.01)
    assert "400 MiB/s of large temporaries, about 15 % of the CPU of worker 1" in found[0].title


def test_beyond_the_caches_the_way_to_memory_costs_too() -> None:
    huge = churning(2048, 32)
    assert isinstance(judge(huge.audit(page_faults_per_s=0.0, cpus=0.5), traffic_s_per_gib=0.01), Ok)
    (finding,) = findings(huge.audit(page_faults_per_s=0.0, cpus=0.5))
    assert "main memory" in finding.why and "MALLOC_" not in finding.todo
    assert isinstance(judge(churning(2048, 8).audit(page_faults_per_s=0.0, cpus=0.5)), Ok)


def test_it_is_no_more_than_the_samples_of_the_function_show() -> None:
    def judged(of_function: int) -> Sequence[Finding] | Ok | Missing:
        scene = Scene()
        scene.file(APP, TEXT)
        scene.sample(of_function, SCORES)
        scene.sample(800 - of_function, TOP)
        return judge(churning(2000, scene=scene).audit(**FRESH))

    assert isinstance(judged(4), Ok)
    some = judged(80)
    assert isinstance(some, Sequence) and some[0].severity in ("low", "medium")


def test_few_temporaries_are_fine() -> None:
    assert isinstance(judge(churning(45).audit(undisturbed_cpus=0.01, **FRESH)), Ok)
    assert findings(churning(55).audit(undisturbed_cpus=0.01, **FRESH))
    assert isinstance(judge(churning(2000, 1000).audit(**FRESH)), Ok)  # 10 of them, fewer than a habit
    assert findings(churning(2000, 1000).audit(**FRESH), fewest=10)


def test_memory_that_is_kept_is_no_churn() -> None:
    heap = Heap(busy())
    heap.kept(400, 8 * MIB, SCORES)
    assert isinstance(judge(heap.audit(**FRESH)), Ok)


def test_what_no_line_of_the_users_allocates_is_no_finding() -> None:
    heap = Heap(busy())
    heap.temporary(200, 8 * MIB, ("run", "/opt/venv/lib/python3.11/site-packages/uvicorn/server.py", "70"))
    assert isinstance(judge(heap.audit(**FRESH)), Ok)


def test_pandas_copies_are_told_from_array_temporaries() -> None:
    heap = Heap(busy())
    heap.temporary(200, 4 * MIB, SCORES, PANDAS, NUMPY)
    (finding,) = findings(heap.audit(**FRESH))
    assert finding.where is not None and finding.where.line == 3
    assert "pandas" in finding.why and "to_numpy()" in finding.todo
    assert "made inside pandas" in finding.evidence


def test_what_grows_is_made_in_its_full_size() -> None:
    heap = Heap(busy())
    heap.temporary(300, 4 * MIB, SCORES, grown=True)
    (finding,) = findings(heap.audit(**FRESH))
    assert "grows" in finding.why and "full size" in finding.todo


def test_arrays_of_a_loop_are_made_before_it() -> None:
    text = "def f(blocks):\n    for block in blocks:\n        scores = block * 2 + 1\n        use(scores)\n"
    scene = busy(text, "scores =", "f")
    heap = Heap(scene)
    heap.temporary(300, 4 * MIB, ("f", APP, "scores ="))
    (finding,) = findings(heap.audit(**FRESH))
    assert "before the loop" in finding.todo
    assert "Each pass of the loop" in finding.why


def test_a_servers_endless_loop_is_not_the_loop_that_is_meant() -> None:
    heap = Heap(busy())
    heap.temporary(200, 8 * MIB, ("serve", APP, "handle(queue.get())"), SCORES)
    (finding,) = findings(heap.audit(**FRESH))
    assert "before the loop" not in finding.todo


def test_not_asked_for_is_not_checked_and_the_remedy_is_the_option() -> None:
    answer = judge(busy().audit())
    assert answer == Missing(
        code=UNASKED, reason="allocations were not recorded", remedy="add --memory (runs code in the target)"
    )


def test_a_refusal_is_handed_on_with_its_remedy() -> None:
    audit = busy().audit()
    refusal = Missing(code="E-DEBUGGER", reason="neither gdb nor lldb is installed", remedy="apt-get install gdb")
    answer = judge(replace(audit, observations=replace(audit.observations, allocations=refusal)))
    assert isinstance(answer, Missing)
    assert (answer.code, answer.remedy) == ("E-DEBUGGER", "apt-get install gdb")
    assert "neither gdb" in answer.reason


def test_allocations_are_charged_to_the_line_that_entered_the_library() -> None:
    heap = Heap(busy())
    heap.temporary(10, 2 * MIB, ("serve", APP, "handle(queue.get())"), SCORES, NUMPY)
    heap.temporary(10, 1 * MIB, ("serve", APP, "handle(queue.get())"), SCORES)
    heap.temporary(10, 1 * MIB, BEST)
    heap.temporary(10, 256 << 10)
    audit = heap.audit()
    seen = audit.observations.allocations
    assert not isinstance(seen, Missing)
    first, second, third = by_line(seen.churn, Evidence(audit).allocation_charges)
    assert first.frame is not None and (first.frame.line, first.size_bytes) == (3, 150 * MIB)
    assert first.packages == {"numpy": 100 * MIB, "": 50 * MIB}
    assert second.frame is not None and second.frame.line == 4
    assert third.frame is None and third.size_bytes == 50 * (256 << 10)
