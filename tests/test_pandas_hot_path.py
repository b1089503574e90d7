"""pandas-hot-path on scenes built by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from perftools.causes import Evidence
from perftools.detect.pandas_hot_path import detect, limits
from perftools.finding import Finding, Ok
from perftools.record import Missing, Type
from tests.scene import Scene

APP = "/srv/app.py"
PANDAS = "/opt/venv/lib/python3.11/site-packages/pandas/core"
FRAME = Type(name="DataFrame")


def findings(scene: Scene) -> Sequence[Finding]:
    answer = detect(Evidence(scene.audit()), limits)
    assert not isinstance(answer, Ok | Missing), answer
    return answer


def pandas_scene(text: str, hot: str, entry: str, file: str, leaves: int) -> Scene:
    """100 samples in a pandas call, spread over so many leaf lines."""
    scene = Scene()
    scene.file(APP, text)
    for leaf in range(leaves):
        scene.sample(
            400 // leaves, ("f", APP, hot), (entry, f"{PANDAS}/{file}", "100"), ("leaf", f"{PANDAS}/base.py", str(leaf))
        )
    return scene


def test_iterrows_names_the_loop() -> None:
    text = "def f(df):\n    out = []\n    for _, row in df.iterrows():\n        out.append(row.a * 2)\n    return out\n"
    (finding,) = findings(pandas_scene(text, "iterrows", "DataFrame.iterrows", "frame.py", 40))
    assert finding.where is not None
    assert (finding.where.line, finding.where.end_line) == (3, 4)
    assert "row by row" in finding.title


def test_loc_in_a_loop_is_row_access_and_outside_one_is_not() -> None:
    inside = "def f(df, keys):\n    for key in keys:\n        s += df.loc[key, 'a']\n"
    (finding,) = findings(pandas_scene(inside, "df.loc", "_LocationIndexer.__getitem__", "indexing.py", 10))
    assert finding.where is not None and finding.where.line == 2
    outside = "def f(df, key):\n    s = df.loc[key]\n    return s\n"
    answer = detect(
        Evidence(pandas_scene(outside, "df.loc", "_LocationIndexer.__getitem__", "indexing.py", 10).audit()), limits
    )
    assert isinstance(answer, Ok)


@pytest.mark.parametrize(
    "text",
    [
        "df[df.x == key]",
        'df[df["x"] == key]',
        'df.loc[df["x"] > key, "a"]',
        'df[(df["x"] == key) & (df["y"] < 3)]',
        "df[df['x'].isin(key)]",
        "df.query('x == @key')",
    ],
)
def test_a_mask_in_a_loop_is_a_search_and_an_index_is_advised(text: str) -> None:
    source = f"def f(df, keys):\n    for key in keys:\n        found = {text}\n        use(found)\n"
    scene = pandas_scene(source, "found =", "DataFrame.__getitem__", "frame.py", 40)
    scene.saw(APP, "found =", "f", df=(FRAME, 300_000, 6))
    (finding,) = findings(scene)
    assert finding.title == "a frame of 300 000 rows searched from end to end in each pass of a loop"
    assert "row by row" not in finding.title + finding.why
    assert "Index once" in finding.todo and "dict" in finding.todo


@pytest.mark.parametrize(
    "text", ["df.loc[key, 'a'] > 3", "df.iloc[key] * 2", "[df.loc[key] for i in range(3) if i < 2]"]
)
def test_other_row_access_in_a_loop_is_no_search(text: str) -> None:
    source = f"def f(df, keys):\n    for key in keys:\n        found = {text}\n        use(found)\n"
    (finding,) = findings(pandas_scene(source, "found =", "_LocationIndexer.__getitem__", "indexing.py", 40))
    assert "row by row" in finding.title


def test_small_frames_by_diversity_and_large_ones_by_rows() -> None:
    text = "def f(rows):\n    df = pd.DataFrame(rows)\n    return df\n"
    scene = pandas_scene(text, "DataFrame(rows)", "DataFrame.__init__", "frame.py", 80)
    (finding,) = findings(scene)
    assert finding.where is not None and finding.where.line == 2
    scene.saw(APP, "DataFrame(rows)", "f", df=(FRAME, 300_000))
    assert isinstance(detect(Evidence(scene.audit()), limits), Ok)


def ok(scene: Scene) -> bool:
    return isinstance(detect(Evidence(scene.audit()), limits), Ok)


def test_a_loops_own_rows_say_nothing_of_the_frames_size() -> None:
    text = "def f(df):\n    out = []\n    for _, row in df.iterrows():\n        out.append(row.a * 2)\n    return out\n"
    scene = pandas_scene(text, "iterrows", "DataFrame.iterrows", "frame.py", 40)
    scene.saw(APP, "iterrows", "f", df=(FRAME, 10_000, 6), row=(Type(name="Series"), 6))
    (finding,) = findings(scene)
    assert finding.title == "pandas row by row over a frame of 10 000 rows"


def test_a_small_series_beside_a_large_frame_makes_no_small_frame() -> None:
    text = "def f(df, weights):\n    return df.merge(weights)\n"
    scene = pandas_scene(text, "df.merge", "DataFrame.merge", "frame.py", 50)
    scene.saw(APP, "df.merge", "f", df=(FRAME, 400_000, 6), weights=(Type(name="Series"), 3))
    assert ok(scene)


def test_aggregation_visits_rows_only_where_it_calls_back() -> None:
    text = "def f(df):\n    return df.groupby('k').agg(spread)\n\ndef spread(xs):\n    return xs.max() - xs.min()\n"
    scene = pandas_scene(text, "agg(spread)", "DataFrameGroupBy.agg", "groupby/generic.py", 30)
    assert ok(scene)
    base = ("DataFrameGroupBy.agg", f"{PANDAS}/groupby/generic.py", "100")
    scene.sample(40, ("f", APP, "agg(spread)"), base, ("spread", APP, "return xs.max()"))
    (finding,) = findings(scene)
    assert "row by row" in finding.title


def test_what_makes_the_iterable_is_done_once() -> None:
    text = "def f(df):\n    for name in df['name']:\n        use(name)\n"
    assert ok(pandas_scene(text, "df['name']", "DataFrame.__getitem__", "frame.py", 20))


def test_a_few_lines_that_call_c_are_large_frames() -> None:
    text = "def f(a, b):\n    return a.merge(b)\n"
    scene = pandas_scene(text, "a.merge", "DataFrame.merge", "frame.py", 20)
    assert isinstance(detect(Evidence(scene.audit()), limits), Ok)


def test_concat_in_a_loop_comes_before_construction() -> None:
    text = """
    def f(events):
        df = None
        for ev in events:
            row = pd.DataFrame([ev])
            df = pd.concat([df, row])
    """
    scene = pandas_scene(text, "DataFrame([ev])", "DataFrame.__init__", "frame.py", 80)
    for leaf in range(80):
        scene.sample(
            5,
            ("f", APP, "concat"),
            ("concat", f"{PANDAS}/reshape/concat.py", "1"),
            ("leaf", f"{PANDAS}/base.py", str(leaf)),
        )
    (finding,) = findings(scene)
    assert finding.where is not None and finding.where.line == 3
    assert "grown" in finding.title


def test_no_pandas_is_fine() -> None:
    scene = Scene()
    scene.file(APP, "def f():\n    work()\n")
    scene.sample(100, ("f", APP, "work"))
    answer = detect(Evidence(scene.audit()), limits)
    assert isinstance(answer, Ok) and answer.says == "no pandas"
