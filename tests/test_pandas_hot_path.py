"""pandas-hot-path on scenes built by hand."""

from __future__ import annotations

from collections.abc import Sequence

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


def test_small_frames_by_diversity_and_large_ones_by_rows() -> None:
    text = "def f(rows):\n    df = pd.DataFrame(rows)\n    return df\n"
    scene = pandas_scene(text, "DataFrame(rows)", "DataFrame.__init__", "frame.py", 80)
    (finding,) = findings(scene)
    assert finding.where is not None and finding.where.line == 2
    scene.saw(APP, "DataFrame(rows)", "f", df=(FRAME, 300_000))
    assert isinstance(detect(Evidence(scene.audit()), limits), Ok)


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
