"""A rewrite in code of the user's is proved on real calls, or refused with what a caller would notice."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perftools.rewrite import calls
from perftools.rewrite.calls import Calls
from perftools.rewrite.capturing import hook
from perftools.rewrite.compare import call
from perftools.rewrite.proof.application import ApplicationProof, check
from perftools.rewrite.proof.hits import counted
from perftools.rewrite.proof.rounding import unlike
from perftools.rewrite.proof.variations import variations


def recorded(*made: tuple[Any, ...], **kwargs: Any) -> Calls:
    """Calls with these arguments, as the hook writes them."""
    start = {"is": "start", "pid": 1, "function": "m:f", "refused": "", "python": "3.11.0", "names": [], "blobs": []}
    frames: list[dict[str, Any]] = [start]
    parts: list[list[bytes]] = [[]]
    for slot, args in enumerate(made):
        blobs = hook.Blobs()
        snapshot = hook.Snapshot(blobs)
        said = {
            "args": [snapshot.value(each) for each in args],
            "kwargs": [[name, snapshot.value(each)] for name, each in kwargs.items()],
            "objects": snapshot.objects,
        }
        head = {
            "is": "call",
            "kind": str(slot),
            "of_kind": 1,
            "slot": 0,
            "pid": 1,
            "opaque": snapshot.opaque,
            "seen": 1,
        }
        head |= {"before": said, "after": said | {"result": None, "error": None}}
        frames.append(head | {"blobs": [len(each) for each in blobs.parts]})
        parts.append(blobs.parts)
    content = hook.MAGIC
    for frame, inside in zip(frames, parts, strict=True):
        text, blob = json.dumps(frame).encode(), b"".join(inside)
        content += hook.MARK + struct.pack("<IQ", len(text), len(blob)) + text + blob
    return calls.decode([content])


LOOP = """
    total = 0.0
    for a, b in zip(u, v):
        total += a * b
    return total
"""
DOT = "import numpy as np\n\ndef f(u, v):" + LOOP
ARRAYS = "type(u) is type(v) is np.ndarray and u.dtype == v.dtype == np.float64 and u.ndim == v.ndim == 1"
DRAWN = np.random.default_rng(0)
VECTORS = DRAWN.standard_normal(100), DRAWN.standard_normal(100)


FAST = """
    if GUARD:
        try:
            with np.errstate(all="raise"):
                total = np.float64(np.dot(u, v))
        except Exception:
            pass
        else:
            return total"""


def dot(guard: str) -> str:
    return f"import numpy as np\n\ndef f(u, v):{FAST.replace('GUARD', guard)}{LOOP}"


def proof(before: str, after: str, made: Calls, name: str = "f", **options: Any) -> ApplicationProof:
    return check(before, after, name, made, "m", seconds=10.0, **options)


def test_a_guarded_dot_is_proved_within_rounding() -> None:
    found = proof(DOT, dot(f"{ARRAYS} and len(u) == len(v) > 0"), recorded(VECTORS))
    assert found.why_not == ""
    assert (found.proved, found.complete, found.recorded, found.missed) == (True, True, 1, 0)
    assert found.hits == {4: 1}
    assert found.generated > 40


@pytest.mark.parametrize(
    ("guard", "says"),
    [
        (ARRAYS, "arguments 1, 2: empty: the result: "),  # a float, not a numpy.float64
        (f"{ARRAYS.replace(' == np.float64', '')} and len(u) == len(v) > 0", "arguments 1, 2: f4: the result: "),
    ],
)
def test_a_missing_guard_is_found_by_one_changed_spot(guard: str, says: str) -> None:
    found = proof(DOT, dot(guard), recorded(VECTORS))
    assert not found.proved
    assert any(says in each for each in found.problems)


def test_a_wrong_answer_on_the_recorded_call_itself() -> None:
    found = proof(DOT, DOT.replace("return total", "return total * (1 + 1e-9)"), recorded(VECTORS))
    assert found.problems[0].startswith("recorded call 1: the result: ")


def test_a_fast_path_that_no_recorded_call_takes_is_refused() -> None:
    made = recorded(tuple(each.tolist() for each in VECTORS))
    found = proof(DOT, dot(f"{ARRAYS} and len(u) == len(v)"), made)
    assert not found.proved
    assert found.why_not == "none of 1 recorded calls took the fast path at line 4"


def test_calls_that_cannot_be_replayed_prove_nothing() -> None:
    found = proof(DOT, DOT, recorded((object(), [1.0])))
    assert (found.proved, found.left_out) == (False, {"object": 1})
    assert "object cannot be rebuilt" in found.why_not


BEST = """
def f(rows, w):
    best, found = -1.0, None
    for at, row in enumerate(rows):
        s = sum(a * b for a, b in zip(row, w))
        if s > best:
            best, found = s, at
    return found
"""
MATRIX = """
import numpy as np

def f(rows, w):
    if type(rows) is list and len(w) == 8 and all(type(row) is list and len(row) == 8 for row in rows):
        try:
            scores = np.dot(np.array(rows, dtype=float)[:, ::-1], np.array(w, dtype=float)[::-1])
        except Exception:
            scores = None
        if scores is not None and scores.size and scores.max() > -1.0:
            return int(scores.argmax())
"""


def test_a_sum_in_another_order_that_decides_is_found_and_excused_only_if_ties_are() -> None:
    rows = [[float(each) for each in row] for row in DRAWN.standard_normal((40, 8))]
    made = recorded((rows, [0.5] * 8))
    after = MATRIX + BEST[len("\ndef f(rows, w):\n") :]
    problems = [each for each in proof(BEST, after, made).problems if "permutations" in each or "became" in each]
    assert problems
    # what is no tie is not excused: NaN, "1.5" and None inside a row
    assert proof(BEST, after, made, ties=True).problems


CACHED = """
_kept = {}

def f(rows):
    if type(rows) is list:
        if id(rows) not in _kept:
            _kept[id(rows)] = (rows, [sum(row) for row in rows])
        return _kept[id(rows)][1]
    return [sum(row) for row in rows]
"""


def test_a_stale_cache_is_found_by_two_calls_with_the_same_objects() -> None:
    before = "def f(rows):\n    return [sum(row) for row in rows]\n"
    found = proof(before, CACHED, recorded(([[1.0, 2.0], [3.0, 4.0]],)))
    assert any(each.startswith("edited between two calls") for each in found.problems)
    assert any(each.startswith("the result edited between two calls") for each in found.problems)


def test_methods_classes_and_named_arguments() -> None:
    before = """
class Row:
    def __init__(self, n):
        self.n = n

class Table:
    @staticmethod
    def rows(names, *, twice):
        return [Row(each) for each in names] * (1 + twice)
"""
    after = before.replace("[Row(each) for each in names]", "list(map(Row, names))")
    found = proof(before, after, recorded(([1, 2, 3],), twice=False), "Table.rows")
    assert (found.problems, found.hits) == ((), {9: 1})
    wrong = after.replace("map(Row, names)", "map(Row, names[1:])")
    assert not proof(before, wrong, recorded(([1, 2, 3],), twice=True), "Table.rows").proved


@pytest.mark.parametrize(
    ("after", "says"),
    [("import os\n\ndef f(x):\n    os._exit(3)\n", "ended the process"),
     ("import no_such_module\n\ndef f(x):\n    return x\n", "cannot be loaded: ModuleNotFoundError"),
     ("raise SystemExit(0)\n", "cannot be loaded: SystemExit")],
)  # fmt: skip
def test_code_that_ends_the_process_is_an_answer(after: str, says: str) -> None:
    found = proof("def f(x):\n    return x\n", after, recorded((1,)))
    assert not found.proved
    assert says in found.problems[0]


def test_code_that_hangs_or_takes_all_memory_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from perftools.rewrite.proof import application

    monkeypatch.setattr(application, "_LOADING_S", 2.0)
    hangs = "def f(x):\n    while True:\n        pass\n"
    found = check("def f(x):\n    return x\n", hangs, "f", recorded((1,)), "m", seconds=0.5)
    assert "not done in time" in found.problems[0] or "did not end" in found.problems[0]
    monkeypatch.setattr(application, "MEMORY_BYTES", 1 << 30)
    grows = "def f(x):\n    return len(bytearray(2 << 30)) and x\n"
    assert "MemoryError" in proof("def f(x):\n    return x\n", grows, recorded((1,))).problems[0]


def test_a_function_that_differs_from_itself_proves_nothing() -> None:
    text = "import itertools\n_n = itertools.count()\n\ndef f(x):\n    return next(_n)\n"
    found = proof(text, text.replace("return next(_n)", "return 5 + next(_n)"), recorded((1,)))
    assert found.unstable > 1
    assert (found.proved, found.problems, found.unstable) == (False, (), found.unstable)


def test_the_module_finds_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("SCALE = 3\n")
    text = "from neighbour import SCALE\n\ndef f(x):\n    return SCALE * x\n"
    after = text.replace("return SCALE * x", "y = SCALE * x\n    return y")
    found = proof(text, after, recorded((2.5,)), path=(str(tmp_path),))
    assert (found.problems, found.hits) == ((), {4: 1})


FORMS = {
    "inline": """
def f(x):
    if type(x) is list:  # guard
        y = 1
    else:
        y = len(x)
    return y
""",
    "helper": """
def _g(x):
    if not (type(x) is list):
        return NotImplemented
    return 1

def f(x):
    _fast = _g(x)
    if _fast is NotImplemented:  # guard
        y = len(x)
    else:
        y = _fast
    return y
""",
    "helper that returns": """
def _g(x):
    if not (type(x) is list):
        return NotImplemented
    return 1

def f(x):
    _fast = _g(x)
    if _fast is not NotImplemented:  # guard
        return _fast
    y = len(x)
    return y
""",
    "expression": """
def _g(x):
    if type(x) is list:  # guard
        try:
            y = 1
        except Exception:
            pass
        else:
            if y > 0:
                return y
    return len(x)

def f(x):
    y = _g(x)
    return y
""",
    "no guard": """
def f(x):
    y = x.__len__()  # guard
    return y
""",
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_fast_path_is_counted(name: str) -> None:
    after = FORMS[name]
    found = counted("def f(x):\n    y = len(x)\n    return y\n", after, "f")
    (line,) = found.lines
    assert "# guard" in after.splitlines()[line - 1]
    hits: list[int] = []
    names: dict[str, Any] = {"__perftools_hit__": hits.append}
    exec(compile(found.tree, "f", "exec"), names)
    assert names["f"]([7]) == 1
    assert hits == [0]
    assert names["f"]((1, 2)) == 2
    assert hits == ([0, 0] if name == "no guard" else [0])


def test_rounding_allows_another_order_and_nothing_more() -> None:
    values = (DRAWN.standard_normal(2000) * 1e3).tolist()

    def verdict(change: float) -> str:
        def other(items: list[float]) -> float:
            return sum(reversed(items), 0.0) + change

        def one(items: list[float]) -> float:
            total = 0.0
            for each in items:
                total += each
            return total

        return unlike(one, [values], call(one, [values]), call(other, [values]))[0]

    assert verdict(0.0) == ""
    assert verdict(1e-5) != ""


class Weighted:
    def __init__(self, weights: list[float]) -> None:
        self.weights = weights


def test_rounding_is_that_of_a_method_s_object_too() -> None:
    values = (DRAWN.standard_normal(2000) * 1e3).tolist()

    def one(weighted: Weighted) -> float:
        total = 0.0
        for each in weighted.weights:
            total += each
        return total

    def verdict(change: float) -> str:
        before = call(one, [Weighted(values)])
        return unlike(one, [Weighted(values)], before, before._replace(result=sum(reversed(values), 0.0) + change))[0]

    assert verdict(0.0) == ""
    assert verdict(1e-5) != ""


def test_a_missing_value_among_bools_makes_them_objects() -> None:
    frame = pd.DataFrame({"vip": [True, False, True]})
    (case,) = [each for each in variations(lambda: [frame.copy()]) if "missing" in each.says]
    assert case.args[0]["vip"].isna().sum() == 1


def test_variations_are_of_full_size_and_leave_the_recorded_call_alone() -> None:
    def make() -> list[Any]:
        return [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.arange(6.0), {"k": 3}, "text"]

    cases = list(variations(make))
    says = "\n".join(case.says for case in cases)
    for wanted in (
        *("argument 1[1][1]: '1.5'", "argument 1[1]: one shorter", "argument 1: an iterator", "argument 3['k']: -1"),
        *("f4", "read-only", "strided", "permutations", "one element", "each twice", "nan in the middle"),
    ):
        assert wanted in says
    assert len({case.says for case in cases}) == len(cases)
    (odd,) = (case for case in cases if case.says == "argument 1[1][1]: 100000000000000000000")
    assert odd.args[0] == [[1.0, 2.0], [3.0, 10**20], [5.0, 6.0]]
