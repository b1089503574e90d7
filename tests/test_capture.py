"""Capture: any command's calls of a function are kept, in all of its processes, and the command notices nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from perftools.cli import main
from perftools.rewrite import calls
from perftools.rewrite.calls import Calls
from perftools.rewrite.capture import Captured, capture
from perftools.rewrite.capturing import hook
from tests.pythons import pythons

SCORING = '''
import functools

def rank(scores, k=3, *, reverse=True):
    """Best first."""
    scores.append(0.0)
    if k < 0:
        raise ValueError(f"k is {k}")
    return sorted(scores, reverse=reverse)[:k]

def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)

class Scorer:
    def __init__(self):
        self.scale = 2.0
    def score(self, x):
        return self.scale * x
    @staticmethod
    def plain(x):
        return x + 1

async def later(x):
    return x

def numbers(x):
    yield x

@functools.lru_cache
def cached(x):
    return x
'''


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Capture MODULE:FUNCTION while a program runs, with scoring.py beside it."""
    (tmp_path / "scoring.py").write_text(SCORING)
    monkeypatch.chdir(tmp_path)

    def captured(target: str, text: str, *, python: str = sys.executable) -> Captured:
        (tmp_path / "program.py").write_text(textwrap.dedent(text))
        return capture(target, [python, "program.py"])

    return captured


def recorded(found: Captured) -> Calls:
    assert found.why_not == ""
    assert found.calls is not None
    return found.calls


def test_arguments_before_and_after_result_and_exception(run) -> None:
    found = run(
        "scoring:rank",
        """
        import sys
        from scoring import rank
        assert rank([1.0, 3.0], k=1) == [3.0]
        try:
            rank([], -1)
        except ValueError as error:
            assert str(error) == "k is -1"
        assert rank.__name__ == "rank" and rank.__doc__ == "Best first."
        sys.exit(7)
        """,
    )
    assert found.status == 7
    first, second = sorted(recorded(found).calls, key=lambda call: call.error is not None)
    assert first.arguments() == (([1.0, 3.0],), {"k": 1})
    assert first.left() == (([1.0, 3.0, 0.0],), {"k": 1}, [3.0])
    assert second.arguments() == (([], -1), {})
    assert second.error == ("ValueError", "k is -1")
    assert recorded(found).start.names == ("scores", "k", "reverse")


def test_a_few_of_each_kind_are_kept_and_all_are_counted(run) -> None:
    found = recorded(
        run(
            "scoring:rank",
            """
            import scoring
            for n in range(5000):
                scoring.rank([float(n)] * 10)
            scoring.rank((n for n in ()), 0) if False else scoring.rank([1, 2])
            """,
        )
    )
    assert found.seen == 5001
    kinds = [call.kind for call in found.calls]
    assert kinds.count("list[float]~4") == hook.PER_KEY
    kept = [call.arguments()[0][0][0] for call in found.calls if call.kind == "list[float]~4"]
    assert max(kept) > 100, "not only the first"


def test_the_outermost_of_recursive_calls_is_kept(run) -> None:
    found = recorded(run("scoring:depth", "import scoring\nassert scoring.depth(5) == 5\n"))
    assert [call.arguments() for call in found.calls] == [((5,), {})]


def test_methods_are_recorded_and_their_self_cannot_be_rebuilt(run) -> None:
    found = recorded(run("scoring:Scorer.score", "from scoring import Scorer\nassert Scorer().score(3) == 6.0\n"))
    (call,) = found.calls
    assert call.why_not == "scoring.Scorer"
    assert call.arguments()[0][0].attributes == {"scale": 2.0}
    assert call.left()[2] == 6.0


def test_static_methods_stay_static(run) -> None:
    text = "from scoring import Scorer\nassert Scorer.plain(1) == Scorer().plain(1) == 2\n"
    assert [call.arguments() for call in recorded(run("scoring:Scorer.plain", text)).calls] == [((1,), {})] * 2


@pytest.mark.parametrize(
    ("name", "why"),
    [("later", "it is async"), ("numbers", "it is a generator"), ("cached", "it is no plain function"),
     ("missing", "there is no such function")],
)  # fmt: skip
def test_what_cannot_be_recorded_is_refused_with_the_reason(run, name: str, why: str) -> None:
    found = run(f"scoring:{name}", "import scoring\nscoring.cached(1), list(scoring.numbers(1))\n")
    assert found.status == 0
    assert f"cannot be recorded: {why}" in found.why_not


def test_a_module_that_is_not_imported_is_named(run) -> None:
    assert run("elsewhere:f", "pass").why_not == "no Python of the command imported elsewhere"
    assert "never called" in run("scoring:rank", "import scoring").why_not


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_pool_is_recorded_too(run, method: str) -> None:
    found = recorded(
        run(
            "scoring:rank",
            f"""
            import multiprocessing, scoring
            if __name__ == "__main__":
                with multiprocessing.get_context("{method}").Pool(2) as pool:
                    pool.map(scoring.rank, [[float(n)] for n in range(20)], chunksize=10)
            """,
        )
    )
    assert hook.PER_KEY <= found.seen <= 20
    assert len(found.calls) == hook.PER_KEY


def test_a_start_file_of_the_users_still_runs(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import builtins\nbuiltins.started = __file__\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    text = """
        import sys, sitecustomize, scoring
        assert started == sitecustomize.__file__ and started.endswith("site/sitecustomize.py")
        assert not [each for each in sys.path if "perftools-capture" in each]
        scoring.rank([1.0])
    """
    found = run("scoring:rank", text)
    assert found.status == 0
    assert recorded(found).seen == 1


def test_a_function_that_raises_in_our_hands_is_none_of_ours(run) -> None:
    found = run(
        "scoring:rank",
        """
        import scoring
        class Odd(list):
            def __len__(self): raise AssertionError
            def __iter__(self): raise AssertionError
            def append(self, item): pass
            def __eq__(self, other): raise AssertionError
            __hash__ = None
        try:
            scoring.rank(Odd())
        except AssertionError:
            pass
        scoring.rank([1.0])
        scoring.rank(scores=[2.0])
        """,
    )
    assert found.status == 0
    assert recorded(found).seen == 3


def test_a_pytest_run_is_recorded(run, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from scoring import rank\n\ndef test_rank():\n    assert rank([2.0, 1.0]) == [2.0, 1.0, 0.0]\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
        "test_it.py",
    ]
    found = capture("scoring:rank", command)
    assert (found.status, recorded(found).seen) == (0, 1)


def test_a_killed_process_leaves_what_it_recorded(run) -> None:
    found = run("scoring:rank", "import os, scoring\nscoring.rank([1.0])\nos.kill(os.getpid(), 9)\n")
    assert found.status == 128 + 9
    assert len(recorded(found).calls) == 1


def test_recording_costs_little(run) -> None:
    text = """
        import time, scoring
        def spent():
            start = time.process_time()
            for _ in range(20_000):
                scoring.rank([1.0, 2.0])
            return time.process_time() - start
        first = spent()
        original = scoring.rank.__wrapped__
        recorded, scoring.rank = spent(), original
        assert recorded < 5 * spent()
    """
    assert run("scoring:rank", text).status == 0


def test_the_command_line_writes_a_private_file(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "program.py").write_text("import scoring, sys\nscoring.rank([1.0])\nsys.exit(3)\n")
    words = ["recipes", "capture", "scoring:rank", "-o", "rank.calls", "--", sys.executable, "program.py"]
    assert main(words) == 3
    assert "kept 1 call of scoring:rank, of at least 1, in rank.calls" in capsys.readouterr().err
    assert (tmp_path / "rank.calls").stat().st_mode & 0o777 == 0o600
    assert calls.read("rank.calls").function == "scoring:rank"
    assert main([*words[:2], "scoring", *words[3:]]) == 2
    assert main([*words[:4], "no/such/folder/x", *words[5:]]) == 2


def test_sigterm_ends_the_command_and_the_calls_are_kept(run, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import scoring, sys, time\nscoring.rank([1.0])\nprint('up', flush=True)\ntime.sleep(60)\n"
    )
    words = ["recipes", "capture", "scoring:rank", "-o", "rank.calls", "--", sys.executable, "program.py"]
    process = subprocess.Popen([sys.executable, "-m", "perftools", *words], stdout=subprocess.PIPE, env=os.environ)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 128 + signal.SIGTERM
    finally:
        process.kill()
    assert calls.read(str(tmp_path / "rank.calls")).seen == 1


@pytest.mark.parametrize("version", [min(pythons()), max(pythons())])
def test_the_hook_runs_on_every_python(run, version: tuple[int, int]) -> None:
    found = recorded(run("scoring:rank", "import scoring\nscoring.rank([1.0])\n", python=pythons()[version]))
    assert found.start.python.startswith(".".join(map(str, version)) + ".")
    assert found.calls[0].arguments() == (([1.0],), {})
