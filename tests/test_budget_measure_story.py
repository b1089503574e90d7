"""The sample repository goes through: from its budget file to verdicts."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import time

import pytest

from perftools.budget import file
from perftools.budget.check import check
from perftools.budget.measure import measurer
from perftools.budget.plans import PLANS
from perftools.errors import FileError

from . import budget_measuring as sample

_WAIVER = """
[[tool.perftools.budgets.waiver]]
budget = "score"
until = 2026-01-31
reason = "rounds for the new client"
"""


@pytest.fixture
def repo(tmp_path):
    return sample.repository(tmp_path / "repo")


@pytest.fixture
def _quick(monkeypatch):
    """Half the pairs, which is enough for a change as large; no plugins, which the sample has no use for."""
    monkeypatch.setitem(PLANS, "cpu_time", PLANS["cpu_time"]._replace(least=4, step=4))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def _checked(repo, **options):
    said = []
    budgets = file.load(None, root=repo)
    with measurer(budgets, repo, say=said.append, **options) as measuring:
        (verdict,) = check(budgets, measuring, progress=said.append)
        assert measuring.notes == tuple(each for each in said if each in measuring.notes)
    return verdict, said


@pytest.mark.usefixtures("_quick")
def test_the_same_code_passes(repo):
    sample.edit(repo, "features.py", "Scores", "All scores")
    sample.commit(repo, "words")
    sample.edit(repo, "pyproject.toml", '"10%"', '"100%"')  # no time for narrower bounds
    before = sample.state(repo)
    verdict, said = _checked(repo)
    assert verdict.status == "pass", verdict
    assert verdict.measured and abs(verdict.measured.value) < 0.5
    assert any("merge base with main" in each for each in said)
    assert sample.state(repo) == before


@pytest.mark.usefixtures("_quick")
def test_a_regression_is_broken_and_its_function_named(repo):
    sample.edit(repo, "features.py", *sample.SLOWER)
    sample.commit(repo, "six digits are enough")
    verdict, _ = _checked(repo)
    assert (verdict.status, verdict.confirmed) == ("broken", True), verdict
    assert verdict.measured and verdict.measured.value > 0.2
    assert verdict.grew[0].startswith("features.encode +")


def test_a_base_that_does_not_build_is_never_green(repo):
    sample.git(repo, "checkout", "--quiet", "main")
    sample.edit(repo, "requirements.txt", "pytest>=7", "./no-such-package")
    sample.commit(repo, "broken")
    sample.git(repo, "checkout", "--quiet", "-b", "repaired")
    sample.edit(repo, "requirements.txt", "./no-such-package", "pytest>=7")
    sample.commit(repo, "repaired")
    verdict, _ = _checked(repo)
    assert verdict.status == "not_measured"
    assert "does not build" in verdict.reason and "no-such-package" in verdict.reason


@pytest.mark.usefixtures("_quick")
def test_a_base_that_cannot_be_imported_is_never_green(repo):
    sample.git(repo, "checkout", "--quiet", "main")
    sample.edit(repo, "features.py", "WIDTH = 40", "WIDTH = ")
    sample.commit(repo, "broken")
    sample.git(repo, "checkout", "--quiet", "-b", "repaired")
    sample.edit(repo, "features.py", "WIDTH = ", "WIDTH = 40")
    sample.commit(repo, "repaired")
    verdict, _ = _checked(repo)
    assert verdict.status == "not_measured"
    assert "SyntaxError" in verdict.reason


def test_an_expired_waiver_is_an_error_with_its_place(repo):
    text = (repo / "pyproject.toml").read_text()
    (repo / "pyproject.toml").write_text(text + _WAIVER)
    line = len(text.splitlines()) + 2
    with pytest.raises(FileError, match=rf"^pyproject\.toml:{line}\b|^pyproject\.toml:{line + 2}\b.*2026-01-31"):
        file.load(None, root=repo, today=datetime.date(2026, 2, 1))
    assert file.load(None, root=repo, today=datetime.date(2026, 1, 31)).waivers


_CHECK = """
import sys
from pathlib import Path
from perftools.budget import file
from perftools.budget.check import check
from perftools.budget.measure import measurer
root = Path(sys.argv[1])
budgets = file.load(None, root=root)
with measurer(budgets, root) as measuring:
    runner = measuring.open(budgets.budgets[0])
    runner.pair()
    print(measuring._sides.scratch, flush=True)
    while True:
        runner.pair()
"""


def test_ctrl_c_leaves_nothing_behind(repo):
    sample.edit(repo, "features.py", "Scores", "All scores")
    sample.commit(repo, "words")
    before = sample.state(repo)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    checking = subprocess.Popen(
        [sys.executable, "-c", _CHECK, str(repo)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    try:
        assert checking.stdout
        scratch = checking.stdout.readline().strip()
        assert os.path.isdir(scratch)
        time.sleep(0.2)
        checking.send_signal(signal.SIGINT)
        checking.wait(timeout=30)
    finally:
        checking.kill()
        checking.wait()
    assert not os.path.exists(scratch)
    assert sample.state(repo) == before
