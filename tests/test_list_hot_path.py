"""list-hot-path on scenes built by hand: what is a cause, and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from perftools.causes import Evidence
from perftools.detect.list_hot_path import detect, limits
from perftools.finding import Finding, Ok
from perftools.record import Missing, Type
from tests.scene import FLOAT, INT, STR, Scene, list_of, record_of

APP = "/srv/app.py"
LIB = "/opt/venv/lib/python3.11"
FLOATS = (list_of(FLOAT), 500)

DOT = """
def dot(a, b):
    s = 0.0
    for x, y in zip(a, b):
        s += x * y
    return s
"""


def found(scene: Scene) -> Sequence[Finding] | Ok | Missing:
    return detect(Evidence(scene.audit()), limits)


def findings(scene: Scene) -> Sequence[Finding]:
    answer = found(scene)
    assert not isinstance(answer, Ok | Missing), answer
    return answer


def dot_scene(**names: object) -> Scene:
    scene = Scene()
    scene.file(APP, DOT)
    scene.sample(300, ("dot", APP, "s += x"))
    scene.sample(100, ("handle", f"{LIB}/site-packages/uvicorn/main.py", "7"))
    scene.saw(APP, "s += x", "dot", **names)
    return scene


def test_a_dot_product_over_lists_of_floats() -> None:
    (finding,) = findings(dot_scene(a=FLOATS, b=FLOATS))
    assert finding.where is not None
    assert (finding.where.file, finding.where.line, finding.where.end_line) == (APP, 3, 4)
    assert finding.where.function == "dot"
    assert finding.severity == "high"
    assert finding.share is not None and finding.share.value == pytest.approx(0.75)
    assert finding.facts[0].name in ("a", "b") and finding.facts[0].sizes == (500,)
    assert finding.heat[0] == (4, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("kind", "sizes", "is_found"),
    [
        (list_of(FLOAT), (16,), True),
        (list_of(FLOAT), (15,), False),
        (list_of(FLOAT, INT), (100,), True),
        (list_of(INT), (64,), True),
        (list_of(INT), (63,), False),
        (list_of(STR), (500,), False),
        (list_of(FLOAT, Type(name="NoneType")), (500,), True),
        (list_of(list_of(FLOAT)), (4, 4), True),
        (list_of(list_of(FLOAT)), (3, 5), False),
        (Type(name="array", dtype="d"), (100,), True),
        (Type(name="ndarray", dtype="f8", order="C"), (100,), True),
        (Type(name="ndarray", dtype="u1", order="C"), (32,), True),
        (Type(name="ndarray", dtype="U8", order="C"), (100,), False),
        (Type(name="dict", keys=(STR,), items=(FLOAT,)), (100,), True),
        (list_of(Type(name="Decimal")), (500,), False),
        (list_of(Type(name="Node")), (500,), False),
    ],
)
def test_which_containers_count(kind: Type, sizes: tuple[int, ...], is_found: bool) -> None:
    answer = found(dot_scene(a=(kind, *sizes)))
    assert isinstance(answer, Ok) is not is_found, answer


def test_types_seen_too_seldom_are_not_believed() -> None:
    scene = Scene()
    scene.file(APP, DOT)
    scene.sample(300, ("dot", APP, "s += x"))
    scene.saw(APP, "s += x", "dot", walks=7, a=FLOATS)
    answer = found(scene)
    assert isinstance(answer, Missing) and answer.code == "V-FEW"


def test_without_values_nothing_is_judged() -> None:
    scene = dot_scene(a=FLOATS)
    scene.values = Missing(code="V-RIGHT", reason="no right")
    answer = found(scene)
    assert isinstance(answer, Missing) and "types not readable" in answer.reason


@pytest.mark.parametrize(
    ("text", "hot"),
    [
        ("def f(xs):\n    y = 0.0\n    for x in xs:\n        y = 0.9 * y + 0.1 * x\n    return y\n", "y = 0.9"),
        ("def f(xs):\n    for x in xs:\n        t = x.strip().lower() + str(x * 2)\n", "t = x"),
        ("def f(xs):\n    h = 0\n    for x in xs:\n        h = (h * 31 + x) & 0xFFFF\n", "h = (h"),
        ("def f(xs):\n    for x in xs:\n        if x in seen:\n            n = x * 2.0\n        seen.pop()\n", "n = x"),
    ],
)
def test_loops_that_arrays_would_not_help(text: str, hot: str) -> None:
    scene = Scene()
    scene.file(APP, text)
    for at, line in enumerate(scene.files[APP].split("\n")[1:], 2):
        if line:
            frames = scene.frames.setdefault(("f", APP, at), len(scene.frames))
            stack = scene.stacks.setdefault((frames,), len(scene.stacks))
            for number in range(100):
                scene.streams.setdefault((1, 1, number % 8), []).append((at * 100 + number, stack))
    scene.saw(APP, hot, "f", xs=FLOATS, iter0=FLOATS)
    assert isinstance(found(scene), Ok)


@pytest.mark.parametrize(("samples_in_the_branch", "is_found"), [(0, True), (100, False)])
def test_what_is_carried_counts_where_the_loop_really_runs(samples_in_the_branch: int, is_found: bool) -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def spots(xs, limit):
            found = []
            for i, x in enumerate(xs):
                if x - 12.5 > limit:
                    found.append(found[-1] + x * 0.5)
            return found
        """,
    )
    scene.sample(300, ("spots", APP, "if x - 12.5"))
    if samples_in_the_branch:
        scene.sample(samples_in_the_branch, ("spots", APP, "found.append"))
    scene.saw(APP, "if x - 12.5", "spots", xs=FLOATS)
    assert isinstance(found(scene), Ok) is not is_found


def test_whole_arrays_in_a_loop_are_native_work() -> None:
    scene = Scene()
    scene.file(APP, "def f(chunks, w):\n    for chunk in chunks:\n        total += (chunk * w).sum()\n")
    scene.sample(300, ("f", APP, "total +="))
    arrays = list_of(Type(name="ndarray", dtype="f8"))
    scene.saw(APP, "total +=", "f", chunks=(arrays, 8, 50_000), chunk=(Type(name="ndarray", dtype="f8"), 50_000))
    answer = found(scene)
    assert isinstance(answer, Ok) and "whole arrays" in answer.says


def test_records_count_by_the_fields_that_are_read() -> None:
    def scene_with(**fields: Type) -> Scene:
        scene = Scene()
        scene.file(APP, "def f(rows):\n    for r in rows:\n        s += r['price'] * r['weight']\n    return s\n")
        scene.sample(300, ("f", APP, "s += r"))
        scene.saw(APP, "s += r", "f", rows=(list_of(record_of("dict", **fields)), 200))
        return scene

    assert not isinstance(found(scene_with(price=FLOAT, weight=FLOAT)), Ok)
    assert not isinstance(found(scene_with(price=FLOAT, weight=INT)), Ok)
    assert isinstance(found(scene_with(price=STR, weight=INT)), Ok)


def test_a_short_loop_counts_inside_a_large_one() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def f(rows, w):
            for row in rows:
                s = 0.0
                for x, y in zip(row, w):
                    s += x * y
        """,
    )
    scene.sample(300, ("f", APP, "s += x"))
    scene.saw(APP, "s += x", "f", row=(list_of(FLOAT), 12), rows=(list_of(list_of(FLOAT)), 1500, 12))
    (finding,) = findings(scene)
    assert finding.where is not None and finding.where.line == 4


def test_one_cause_for_a_generator_and_its_consumer() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def scaled(xs):
            for x in xs:
                yield x * 2.0

        def total(xs):
            s = 0.0
            for y in scaled(xs):
                s += y * y
            return s
        """,
    )
    scene.sample(200, ("total", APP, "in scaled"), ("scaled", APP, "yield x"))
    scene.sample(100, ("total", APP, "s += y"))
    scene.saw(APP, "yield x", "scaled", xs=FLOATS)
    scene.saw(APP, "s += y", "total", xs=FLOATS, iter0=FLOATS)
    (finding,) = findings(scene)
    assert finding.share is not None and finding.share.value == pytest.approx(1.0)


def test_two_functions_are_two_causes_and_the_larger_comes_first() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def mean(xs):
            for x in xs:
                s += x * 1.5

        def spread(ys):
            for y in ys:
                t += y * y
        """,
    )
    scene.sample(100, ("mean", APP, "s += x"))
    scene.sample(300, ("spread", APP, "t += y"))
    scene.saw(APP, "s += x", "mean", xs=FLOATS)
    scene.saw(APP, "t += y", "spread", ys=FLOATS)
    assert [finding.where.function for finding in findings(scene) if finding.where] == ["spread", "mean"]


def test_what_was_seen_only_in_the_first_half_is_no_finding() -> None:
    scene = dot_scene(a=FLOATS)
    scene.streams = {key: value for key, value in scene.streams.items() if key[2] < 4}
    scene.sample(400, ("handle", f"{LIB}/site-packages/uvicorn/main.py", "7"))
    answer = found(scene)
    assert isinstance(answer, Missing) and answer.code == "V-UNSURE"
    assert "first half" in answer.reason


def test_below_five_percent_is_no_finding() -> None:
    scene = dot_scene(a=FLOATS)
    scene.sample(8000, ("handle", f"{LIB}/site-packages/uvicorn/main.py", "7"))
    answer = found(scene)
    assert isinstance(answer, Ok) and "5 %" in answer.says


def test_an_idle_service_is_not_judged() -> None:
    scene = Scene()
    scene.file(APP, DOT)
    scene.sample(10, ("dot", APP, "s += x"))
    answer = found(scene)
    assert isinstance(answer, Missing) and answer.code == "E-IDLE"


def test_the_fingerprint_survives_a_shift_of_lines() -> None:
    first = findings(dot_scene(a=FLOATS))[0].fingerprint
    moved = Scene()
    moved.file(APP, "import math\n\n" + DOT)
    moved.sample(300, ("dot", APP, "s += x"))
    moved.saw(APP, "s += x", "dot", a=FLOATS)
    assert findings(moved)[0].fingerprint == first


def loop_scene(text: str, hot: str, function: str = "f", **names: object) -> Scene:
    scene = Scene()
    scene.file(APP, text)
    scene.sample(300, (function, APP, hot))
    scene.saw(APP, hot, function, **names)
    return scene


def test_one_row_of_a_table_is_not_the_table() -> None:
    text = "def f(keys, table):\n    for k in keys:\n        for x in table[k]:\n            s += x * 2.0\n"
    table = (list_of(list_of(FLOAT)), 1000, 3)
    answer = found(loop_scene(text, "s += x", table=table, k=(INT,), iter1=(list_of(FLOAT), 3)))
    assert isinstance(answer, Ok), "three numbers a run"


def test_numbers_a_run_by_trips_and_indices() -> None:
    text = "def f(m, i):\n    for j in range(64):\n        s += m[i, j] * 2.0\n"
    array = (Type(name="ndarray", dtype="f8"), 5000, 64)
    (finding,) = findings(loop_scene(text, "s += m", m=array, j=(INT,), iter0=(Type(name="range"), 64)))
    assert "64 numbers a run" in finding.why


def test_few_trips_through_a_large_container_are_few_elements() -> None:
    text = "def f(names, weights):\n    for name in names:\n        s += weights[name] * 2.0\n"
    weights = (Type(name="dict", keys=(STR,), items=(FLOAT,)), 50_000)
    answer = found(loop_scene(text, "s += weights", names=(list_of(STR), 5), iter0=(list_of(STR), 5), weights=weights))
    assert isinstance(answer, Ok) and "too few" in answer.says


HELPED = """
def f(ids, table):
    for i in ids:
        s += pick(i, table)

def pick(i, table):
    return table[i] * 0.5 + 1.5
"""


def test_an_array_that_a_helper_takes_to_pieces_is_no_whole_array() -> None:
    scene = Scene()
    scene.file(APP, HELPED)
    scene.sample(300, ("f", APP, "s += pick"), ("pick", APP, "return table"))
    table = (Type(name="ndarray", dtype="f8"), 100_000)
    scene.saw(APP, "s += pick", "f", ids=(list_of(FLOAT), 500), iter0=(list_of(FLOAT), 500), table=table)
    scene.saw(APP, "return table", "pick", table=table)
    assert not isinstance(found(scene), Ok)


def test_a_helper_that_computes_with_whole_arrays_is_native_work() -> None:
    scene = Scene()
    scene.file(APP, HELPED.replace("table[i] * 0.5", "table * 0.5"))
    scene.sample(300, ("f", APP, "s += pick"), ("pick", APP, "return table"))
    table = (Type(name="ndarray", dtype="f8"), 100_000)
    scene.saw(APP, "s += pick", "f", ids=(list_of(FLOAT), 500), iter0=(list_of(FLOAT), 500), table=table)
    scene.saw(APP, "return table", "pick", table=table)
    answer = found(scene)
    assert isinstance(answer, Ok) and "whole arrays" in answer.says


def test_a_helpers_other_work_and_a_helpers_state_count() -> None:
    def with_helper(body: str) -> Sequence[Finding] | Ok | Missing:
        scene = Scene()
        scene.file(
            APP,
            f"def f(xs, o):\n    for x in xs:\n        o.step(x)\n\nclass O:\n    def step(self, x):\n        {body}\n",
        )
        scene.sample(300, ("f", APP, "o.step(x)"), ("O.step", APP, body))
        scene.saw(APP, "o.step(x)", "f", xs=FLOATS, iter0=FLOATS)
        return found(scene)

    assert not isinstance(with_helper("return x * 2.0"), Ok)
    assert isinstance(with_helper("return str(x).strip() + str(x * 2.0)"), Ok)
    carries = with_helper("self.level = self.level * 0.9 + x * 0.1")
    assert isinstance(carries, Ok) and "self.level" in carries.says


def test_integers_looked_into_beside_floats_do_not_make_an_integer_loop() -> None:
    text = "def f(xs, counts):\n    for x in xs:\n        counts[int(x / 0.5)] += 1\n"
    scene = loop_scene(text, "counts[int", counts=(list_of(INT), 40), x=(FLOAT,), xs=FLOATS, iter0=FLOATS)
    assert not isinstance(found(scene), Ok)


def test_an_array_taken_by_slices_or_masks_is_not_read_by_element() -> None:
    text = "def f(ids, table):\n    for i in ids:\n        s += table[i] * 2.0\n"
    table = (Type(name="ndarray", dtype="f8"), 3000)
    assert not isinstance(found(loop_scene(text, "s += table", table=table, i=(INT,))), Ok)
    masks = Type(name="ndarray", dtype="b1")
    assert isinstance(found(loop_scene(text, "s += table", table=table, i=(masks, 3000))), Ok)
    sliced = text.replace("table[i]", "table[i:i + 9]")
    assert isinstance(found(loop_scene(sliced, "s += table", table=table, i=(INT,))), Ok)


def test_an_array_gone_through_in_blocks_is_not_read_by_element() -> None:
    text = "def f(ids, out):\n    for i in range(0, len(ids), 64):\n        out[i:i + 64] = ids[i:i + 64] * 2.0\n"
    arrays = {name: (Type(name="ndarray", dtype="i8"), 3000) for name in ("ids", "out")}
    assert isinstance(found(loop_scene(text, "out[i", i=(INT,), **arrays)), Ok)


def test_an_outer_loops_iterator_is_not_this_loops() -> None:
    text = "def f(rows, names):\n    for row in rows:\n        for name in names:\n            s += len(name) * 2.5\n"
    scene = loop_scene(text, "s += len", iter0=FLOATS, iter1=(list_of(STR), 500), names=(list_of(STR), 500))
    assert isinstance(found(scene), Ok)


def test_a_type_seen_in_a_few_percent_of_the_walks_is_a_stale_slot() -> None:
    scene = loop_scene(
        "def f(xs):\n    for x in xs:\n        s += x.cost * 2.5\n", "s += x", xs=(list_of(Type(name="Node")), 500)
    )
    scene.saw(APP, "s += x", "f", walks=9, xs=FLOATS)
    assert isinstance(found(scene), Ok)


SEARCH = """
def search(graph, start):
    frontier = [(0.0, start)]
    while frontier:
        cost, node = heapq.heappop(frontier)
        for other, step in graph[node]:
            total = cost + step * 1.5
            heapq.heappush(frontier, (total, other))
"""


def test_a_search_works_off_what_it_adds() -> None:
    edges = list_of(Type(name="tuple", fields=(("0", INT), ("1", FLOAT))))
    scene = Scene()
    scene.file(APP, SEARCH)
    scene.sample(200, ("search", APP, "total = cost"))
    scene.sample(100, ("search", APP, "heapq.heappush"))
    scene.saw(APP, "total = cost", "search", iter0=(edges, 100), step=(FLOAT,), cost=(FLOAT,))
    answer = found(scene)
    assert isinstance(answer, Ok) and "frontier" in answer.says


def test_a_heap_that_keeps_the_best_is_no_search() -> None:
    text = """
    def top(rows, w):
        best = []
        for x in rows:
            s = x * w + 1.5
            heapq.heappush(best, s)
            if len(best) > 20:
                heapq.heappop(best)
    """
    scene = loop_scene(text, "s = x", "top", rows=FLOATS, iter0=FLOATS)
    assert not isinstance(found(scene), Ok)


def test_a_loop_that_mostly_drives_a_rejected_one_is_rejected_with_it() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def smooth(rows, k):
            for row in rows:
                scaled = row * 2.0 + 1.0
                level = walk(scaled, k)

        def walk(x, k):
            for step in range(50):
                x = k * x * (1.0 - x)
            return x
        """,
    )
    scene.sample(60, ("smooth", APP, "scaled = row"))
    scene.sample(300, ("smooth", APP, "level = walk"), ("walk", APP, "x = k"))
    scene.saw(APP, "scaled = row", "smooth", rows=FLOATS, iter0=FLOATS)
    scene.saw(APP, "x = k", "walk", x=(FLOAT,))
    assert isinstance(found(scene), Ok)


def test_a_loop_over_a_generator_works_on_what_feeds_it() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def valid(xs):
            for x in xs:
                if x > 0.5:
                    yield x

        def total(xs):
            for y in valid(xs):
                t += y * 2.5
        """,
    )
    scene.sample(200, ("total", APP, "t += y"))
    scene.sample(100, ("total", APP, "in valid"), ("valid", APP, "if x > 0.5"))
    scene.saw(APP, "t += y", "total", y=(FLOAT,), t=(FLOAT,), iter0=(Type(name="generator"),))
    scene.saw(APP, "if x > 0.5", "valid", xs=FLOATS, iter0=FLOATS)
    (finding,) = findings(scene)
    assert finding.where is not None and finding.where.function == "total"


def test_a_finding_does_not_hide_a_larger_loop_that_could_not_be_read() -> None:
    scene = dot_scene(a=FLOATS)
    scene.file("/srv/b.py", "def scale(xs):\n    for x in xs:\n        y = x * 2.0\n")
    scene.sample(2000, ("scale", "/srv/b.py", "y = x"))
    answer = found(scene)
    assert not isinstance(answer, Ok | Missing)
    assert [type(each).__name__ for each in answer] == ["Finding", "Missing"]


def test_the_floor_of_a_finding() -> None:
    def of(own: int, others: int) -> bool:
        scene = Scene()
        scene.file(APP, DOT)
        scene.sample(own, ("dot", APP, "s += x"))
        scene.sample(others, ("handle", f"{LIB}/site-packages/uvicorn/main.py", "7"))
        scene.saw(APP, "s += x", "dot", a=FLOATS)
        return not isinstance(found(scene), Ok | Missing)

    assert of(16, 120) and not of(14, 120), "samples of its own"
    assert of(60, 740) and not of(16, 290), "lower bound"
