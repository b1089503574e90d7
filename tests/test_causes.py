"""What a stack is charged to."""

from __future__ import annotations

import pytest

from perftools.causes import Charge, Evidence
from perftools.record import Position
from tests.scene import Scene

LIB = "/opt/venv/lib/python3.11"
APP = "/srv/app.py"


def charges(scene: Scene) -> list[Charge | None]:
    return list(Evidence(scene.audit()).charges)


def lines(scene: Scene) -> list[tuple[str, int | None]]:
    """(kind, first line of the loop) of each stack, in the order given."""
    evidence = Evidence(scene.audit())
    found: list[tuple[str, int | None]] = []
    for charge in evidence.charges:
        assert charge is not None
        if charge.loop is None:
            found.append((charge.kind, None))
        else:
            found.append((charge.kind, evidence.code.model(charge.loop.source).units[charge.loop.unit].span.line))
    return found


def test_a_helper_without_a_loop_is_charged_to_its_callers_loop() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def clip(x):
            return min(x, 1.0)

        def score(rows):
            for row in rows:
                total = clip(row)
            return total
        """,
    )
    scene.sample(50, ("score", APP, "total = clip"), ("clip", APP, "min(x"))
    (charge,) = charges(scene)
    assert charge is not None and charge.helpers[0].name == "clip"
    assert lines(scene) == [("loop", 5)]


def test_a_helper_with_a_loop_is_the_cause() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def dot(a, b):
            s = 0.0
            for x, y in zip(a, b):
                s += x * y
            return s

        def score(rows, w):
            return [dot(row, w) for row in rows]
        """,
    )
    scene.sample(
        50, ("score", APP, "return [dot"), ("score.<locals>.<listcomp>", APP, "return [dot"), ("dot", APP, "s += x")
    )
    (charge,) = charges(scene)
    assert charge is not None and len(charge.outer) == 1
    assert lines(scene) == [("loop", 3)]


def test_climbing_stops_at_a_service_loop() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def run(queue):
            while True:
                job = queue.get()
                handle(job)

        def handle(job):
            x = job * 2.0
            return x
        """,
    )
    scene.sample(
        50, ("run", APP, "handle(job)$") if False else ("run", APP, "        handle(job)"), ("handle", APP, "x = job")
    )
    assert lines(scene) == [("line", None)]
    (charge,) = charges(scene)
    assert charge is not None and charge.route is not None and charge.route.name == "handle"


def test_a_library_call_ends_the_search_and_callbacks_belong_to_it() -> None:
    scene = Scene()
    scene.file(APP, "def features(df):\n    return df.apply(lambda row: row.a * row.b, axis=1)\n")
    scene.sample(
        50,
        ("features", APP, "df.apply"),
        ("DataFrame.apply", f"{LIB}/site-packages/pandas/core/frame.py", "10"),
        ("features.<locals>.<lambda>", APP, "df.apply"),
    )
    (charge,) = charges(scene)
    assert charge is not None
    assert (charge.kind, charge.package, charge.entry) == ("library", "pandas", "DataFrame.apply")


def test_frameworks_call_json_themselves_without_being_charged_for_it() -> None:
    scene = Scene()
    scene.file(APP, "def handler(body):\n    for x in body:\n        y = x * 2.0\n    return y\n")
    scene.sample(
        50,
        ("run", f"{LIB}/site-packages/uvicorn/main.py", "5"),
        ("dumps", f"{LIB}/json/__init__.py", "200"),
        ("handler", APP, "y = x"),
    )
    assert lines(scene) == [("loop", 2)]


def test_a_torn_stack_is_mended_by_the_callees_name() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def handler(rows):
            out = []
            for row in rows:
                out.append(cosine(row))
            body = render(out)
            return body

        def cosine(row):
            return row * 2.0
        """,
    )
    scene.sample(50, ("handler", APP, "return body"), ("cosine", APP, "return row"))
    assert lines(scene) == [("loop", 3)]


def test_what_makes_the_iterable_is_not_charged_to_the_loop() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def load(path):
            return parse(path) * 2

        def lazily(path):
            yield parse(path) * 2

        def handler(path):
            for row in load(path):
                pass
            for row in lazily(path):
                pass
        """,
    )
    scene.sample(50, ("handler", APP, "in load"), ("load", APP, "return parse"))
    scene.sample(50, ("handler", APP, "in lazily"), ("lazily", APP, "yield parse"))
    assert lines(scene) == [("line", None), ("loop", 10)]


def test_a_call_in_c_without_a_frame_is_told_by_its_position() -> None:
    scene = Scene()
    scene.file(APP, "def get(keys, store):\n    for key in keys:\n        x = pickle.loads(store[key])\n")
    call = Position(line=3, end_line=3, column=12, end_column=36, calling=True, count=30)
    other = Position(line=3, end_line=3, column=25, end_column=35, calling=False, count=4)
    scene.sample(50, ("get", APP, "pickle"))
    scene.saw(APP, "pickle", "get", positions=[call, other])
    (charge,) = charges(scene)
    assert charge is not None
    assert (charge.kind, charge.package) == ("library", "pickle.loads")


def test_a_source_that_changed_gives_no_loop() -> None:
    scene = Scene()
    scene.file(APP, "# moved\ndef score(rows):\n    for row in rows:\n        x = row * 2.0\n")
    scene.sample(50, ("score", APP, "x = row"))
    scene.saw(APP, "x = row", "score")
    object.__setattr__(scene, "sites", [*scene.sites[:-1], _moved(scene)])
    assert lines(scene) == [("line", None)]


def _moved(scene: Scene):  # type: ignore[no-untyped-def]
    import msgspec

    return msgspec.structs.replace(scene.sites[-1], first_line=3)


def test_time_without_a_user_frame_is_the_frameworks() -> None:
    scene = Scene()
    scene.sample(
        50, ("run", f"{LIB}/site-packages/uvicorn/main.py", "5"), ("parse", f"{LIB}/site-packages/h11/_r.py", "5")
    )
    (charge,) = charges(scene)
    assert charge is not None and (charge.kind, charge.package) == ("framework", "h11")


def test_a_lambda_key_belongs_to_the_sort() -> None:
    scene = Scene()
    scene.file(APP, "def rank(rows, w):\n    rows = load()\n    return sorted(rows, key=lambda r: r[0] * w + r[1])\n")
    scene.sample(50, ("rank", APP, "return sorted"), ("rank.<locals>.<lambda>", APP, "return sorted"))
    assert lines(scene) == [("loop", 3)]


def test_a_function_handed_on_is_called_where_it_is_handed_on() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def best(rows):
            first = score(rows[0])
            return sorted(rows, key=score), first

        def score(row):
            return row * 2.0
        """,
    )
    scene.sample(50, ("best", APP, "return sorted"), ("score", APP, "return row"))
    assert lines(scene) == [("loop", 3)]


@pytest.mark.parametrize("text", ["return [x * 2.0 for x in fetch(blob)]", "return sum(fetch(blob))"])
def test_what_makes_the_iterable_of_a_comprehension_or_call_is_not_charged_to_it(text: str) -> None:
    scene = Scene()
    scene.file(APP, f"def f(blob):\n    {text}\n\ndef fetch(blob):\n    return blob.tolist()\n")
    scene.sample(50, ("f", APP, "fetch(blob)]" if "[" in text else "sum(fetch"), ("fetch", APP, "return blob.tolist"))
    scene.sample(50, ("f", APP, "fetch(blob)]" if "[" in text else "sum(fetch"))
    assert lines(scene) == [("line", None), ("loop", 2)]


def test_positions_count_bytes_and_calls_are_told_by_their_ends() -> None:
    scene = Scene()
    scene.file(APP, "def get(keys, store):\n    for key in keys:\n        x = ('é', pickle.loads(store[key]))\n")
    end = len("        x = ('é', pickle.loads(store[key])".encode())
    call = Position(line=3, end_line=3, column=18, end_column=end, calling=True, count=30)
    scene.sample(50, ("get", APP, "pickle"))
    scene.saw(APP, "pickle", "get", positions=[call])
    (charge,) = charges(scene)
    assert charge is not None and charge.package == "pickle.loads"


def test_a_name_that_the_loop_does_not_hold_is_not_called_by_it() -> None:
    scene = Scene()
    scene.file(
        APP,
        """
        def f(keys):
            rows = load(keys); total = sum(x * 2.0 for x in keys)
            return rows, total

        def load(keys):
            return keys
        """,
    )
    scene.sample(50, ("f", APP, "rows = load"), ("load", APP, "return keys"))
    assert lines(scene) == [("line", None)]


def test_a_for_line_without_a_callee_is_the_fors() -> None:
    scene = Scene()
    scene.file(APP, "def f(xs):\n    for x in sorted(xs):\n        y = x * 2.0\n    return y\n")
    scene.sample(50, ("f", APP, "in sorted"))
    evidence = Evidence(scene.audit())
    (charge,) = evidence.charges
    assert charge is not None and charge.loop is not None
    assert evidence.code.model(charge.loop.source).units[charge.loop.unit].kind == "for"
