"""Base and head: which commit, where it lies, what is left of it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path, PurePath

import pytest

from perftools.budget.measure import overlay, sides
from perftools.budget.measure.revision import choose
from perftools.budget.measure.sides import Sides
from perftools.budget.model import Unmeasurable

from . import budget_measuring as sample
from .budget_measuring import git


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch):
    for variable in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def repo(tmp_path):
    return sample.repository(tmp_path / "repo")


@pytest.fixture
def changed(repo):
    """With one commit on the branch."""
    sample.edit(repo, "features.py", "WIDTH = 40", "WIDTH = 41")
    sample.commit(repo, "wider")
    return repo


def test_base_is_the_merge_base_in_a_private_folder_and_the_checkout_stays_as_it_is(changed):
    main = git(changed, "rev-parse", "main")
    git(changed, "checkout", "--quiet", "main")
    sample.edit(changed, "features.py", "Scores", "All scores")
    sample.commit(changed, "main goes on")
    git(changed, "checkout", "--quiet", "work")
    sample.edit(changed, "features.py", "WIDTH = 41", "WIDTH = 42")  # not committed: head is the working tree
    before = sample.state(changed)
    with Sides(changed) as both:
        base = both.base
        assert stat.S_IMODE(both.scratch.stat().st_mode) == 0o700
        assert base.folder.is_relative_to(both.scratch)
        assert git(base.folder, "rev-parse", "HEAD") == main
        assert "WIDTH = 40" in (base.folder / "features.py").read_text()
        assert both.head.folder == changed
        assert both.notes[0] == f"the base {main[:9]} is the merge base with main"
        assert "head's environment" in both.notes[1]
        scratch = both.scratch
    assert not scratch.exists()
    assert sample.state(changed) == before


def test_nothing_is_left_after_an_interrupt(changed):
    before = sample.state(changed)
    both = Sides(changed)

    def ended():
        with both:
            assert both.base.folder.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ended()
    assert not both.scratch.exists()
    assert sample.state(changed) == before


def test_hooks_of_the_repository_do_not_run(changed, tmp_path):
    hook = changed / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(tmp_path / 'ran'))}\n")
    hook.chmod(0o755)
    with Sides(changed) as both:
        assert both.base
    assert not (tmp_path / "ran").exists()


def test_surrounding_git_variables_do_not_lead_elsewhere(changed, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    with Sides(changed) as both:
        assert (both.base.folder / "features.py").exists()
    assert not (tmp_path / "index").exists()


def test_a_detached_head_has_a_base_too(changed):
    git(changed, "checkout", "--quiet", "--detach")
    assert choose(changed, asked=None).commit == git(changed, "rev-parse", "main")


def test_head_of_main_is_compared_with_its_parent_and_with_itself_where_the_tree_is_changed(changed):
    first = git(changed, "rev-parse", "main")
    git(changed, "checkout", "--quiet", "main")
    git(changed, "merge", "--quiet", "--ff-only", "work")
    chosen = choose(changed, asked=None)
    assert chosen.commit == first and "parent" in chosen.what
    sample.edit(changed, "features.py", "WIDTH = 41", "WIDTH = 42")
    assert choose(changed, asked=None).commit == git(changed, "rev-parse", "HEAD")


def test_a_clean_tree_asked_for_head_is_compared_with_itself(changed):
    assert choose(changed, asked="HEAD").commit == git(changed, "rev-parse", "HEAD")


def test_a_revision_as_baseline_is_taken_as_it_is(changed):
    git(changed, "tag", "v1", "main")
    sample.edit(changed, "features.py", "WIDTH = 41", "WIDTH = 43")
    sample.commit(changed, "wider still")
    assert choose(changed, asked=None, baseline="v1").commit == git(changed, "rev-parse", "v1^{commit}")
    assert choose(changed, asked=None, baseline="HEAD~1").commit == git(changed, "rev-parse", "HEAD~1")


def test_the_branch_of_the_pull_request_goes_before_the_default_one(changed, tmp_path, monkeypatch):
    git(changed, "branch", "release", "work")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(changed), str(clone))
    git(clone, "checkout", "--quiet", "-b", "fix", "origin/work")
    sample.edit(clone, "features.py", "WIDTH = 41", "WIDTH = 44")
    sample.commit(clone, "a fix")
    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    assert choose(clone, asked=None).what == "the merge base with origin/release"
    assert choose(clone, asked="origin/main").commit == git(clone, "rev-parse", "origin/main")


def test_a_shallow_clone_says_which_command_fetches_the_base_and_that_is_so(changed, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=work", changed.as_uri(), str(clone))
    with pytest.raises(Unmeasurable) as problem:
        choose(clone, asked="origin/main")
    assert problem.value.code == "B-SHALLOW"
    command = problem.value.reason.partition(": ")[2]
    assert command.startswith("git fetch --deepen=")
    git(clone, *shlex.split(command)[1:])
    assert choose(clone, asked="origin/main").commit == git(changed, "rev-parse", "main")


def test_a_shallow_clone_of_main_asks_for_the_parent(changed, tmp_path):
    git(changed, "checkout", "--quiet", "main")
    git(changed, "merge", "--quiet", "--ff-only", "work")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", changed.as_uri(), str(clone))
    with pytest.raises(Unmeasurable, match="git fetch --deepen=1") as problem:
        choose(clone, asked=None)
    assert problem.value.code == "B-SHALLOW"
    git(clone, "fetch", "--quiet", "--deepen=1")
    with Sides(clone) as both:
        assert "WIDTH = 40" in (both.base.folder / "features.py").read_text()


@pytest.mark.parametrize("asked", ["no-such-branch", "--output=/dev/null", "main:features.py"])
def test_an_unknown_revision_is_told(changed, asked):
    with pytest.raises(Unmeasurable, match="--base REV") as problem:
        choose(changed, asked=asked)
    assert problem.value.code == "B-BASE"


def test_the_first_commit_has_nothing_before_it(repo):
    git(repo, "checkout", "--quiet", "main")
    with pytest.raises(Unmeasurable, match="first commit"):
        choose(repo, asked=None)


def test_a_folder_without_git_has_no_base_and_says_so_every_time(tmp_path):
    with Sides(tmp_path) as both:
        for _ in range(2):
            with pytest.raises(Unmeasurable, match="not a git repository"):
                assert both.base
        assert both.head.folder == tmp_path


def test_a_repository_of_somebody_else_says_what_git_wants(changed, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # of git's own tests
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    with pytest.raises(Unmeasurable, match=f"git config --global --add safe.directory {re.escape(str(changed))}"):
        choose(changed, asked=None)


def test_a_folder_below_the_repository_is_found_in_base_too(changed):
    (changed / "services" / "scores").mkdir(parents=True)
    shutil.copy(changed / "features.py", changed / "services" / "scores")
    sample.commit(changed, "a service")
    with (
        Sides(changed / "services" / "scores") as both,
        pytest.raises(Unmeasurable, match="has no folder services/scores"),
    ):
        assert both.base
    sample.edit(changed, "services/scores/features.py", "WIDTH = 41", "WIDTH = 42")
    with Sides(changed / "services" / "scores", base="HEAD") as both:
        assert "WIDTH = 41" in (both.base.folder / "features.py").read_text()


_WITHOUT_RIGHTS = """
import os, sys
from pathlib import Path
from perftools.budget.measure.sides import Sides
root = Path(sys.argv[1])
assert not os.access(root / ".git", os.W_OK), "this process may write"
with Sides(root) as both:
    print((both.base.folder / "features.py").read_text())
print(both.scratch.exists())
"""


def test_a_checkout_without_write_rights_is_measured(changed):
    bound = []
    if os.geteuid() == 0:  # root may write everywhere, unless this right is taken from it
        if (setpriv := shutil.which("setpriv")) is None:
            pytest.skip("no setpriv: root cannot be kept from writing")
        bound = [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    folders = [changed, *(path for path in changed.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        done = subprocess.run(
            [*bound, sys.executable, "-c", _WITHOUT_RIGHTS, str(changed)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "WIDTH = 40" in done.stdout and done.stdout.endswith("False\n")
    assert git(changed, "worktree", "list").count("\n") == 0


def test_heads_benchmark_files_are_laid_over_base(tmp_path):
    head, base = tmp_path / "head", tmp_path / "base"
    for side, text in ((head, "new"), (base, "old")):
        (side / "package" / "tests" / "data").mkdir(parents=True)
        for name in ("conftest.py", "package/code.py", "package/tests/test_x.py", "package/bench.py"):
            (side / name).write_text(text)
    (head / "package" / "tests" / "data" / "pairs.json").write_text("new")
    (base / "package" / "tests" / "removed.py").write_text("old")
    overlay.lay_over(head, base, PurePath("package/tests/test_x.py"))
    tests = base / "package" / "tests"
    assert (tests / "test_x.py").read_text() == (tests / "data/pairs.json").read_text() == "new"
    assert not (tests / "removed.py").exists()
    assert (base / "conftest.py").read_text() == "new"
    assert (base / "package/code.py").read_text() == (base / "package/bench.py").read_text() == "old"
    overlay.lay_over(head, base, PurePath("package/bench.py"))
    assert (base / "package/bench.py").read_text() == "new"
    assert (base / "package/code.py").read_text() == "old"


def test_links_of_base_lead_nothing_out_of_it(tmp_path):
    head, base, outside = (tmp_path / name for name in ("head", "base", "outside"))
    (head / "lib" / "tests").mkdir(parents=True)
    (head / "lib" / "tests" / "test_x.py").write_text("new")
    outside.mkdir()
    base.mkdir()
    (base / "lib").symlink_to(outside)
    overlay.lay_over(head, base, PurePath("lib/tests/test_x.py"))
    assert list(outside.iterdir()) == []
    assert (base / "lib/tests/test_x.py").read_text() == "new"


def test_both_sides_have_the_same_hash_seed_and_their_own_folders_first(changed, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(changed / "lib"), "/elsewhere")))
    monkeypatch.setenv("PYTEST_ADDOPTS", "--cov")
    with Sides(changed) as both:
        base, head = (both.variables(side, 7) for side in (both.base, both.head))
        assert base["PYTHONHASHSEED"] == head["PYTHONHASHSEED"] == "7"
        assert head["PYTHONPATH"].split(os.pathsep) == [str(changed), str(changed / "lib"), "/elsewhere"]
        folder = both.base.folder
        assert base["PYTHONPATH"].split(os.pathsep) == [str(folder), str(folder / "lib"), "/elsewhere"]
        assert base["PERFTOOLS_BUDGET_BYTECODE"].startswith(str(both.scratch))
        assert "PYTEST_ADDOPTS" not in base


def test_other_dependencies_mean_another_environment(changed, monkeypatch):
    sample.edit(changed, "requirements.txt", "pytest>=7", "pytest>=8")
    built = []
    monkeypatch.setattr(sides.environment, "build", lambda folder, *_, **__: built.append(folder) or "/env/bin/python")
    with Sides(changed) as both:
        assert both.base.python == "/env/bin/python"
        assert built == [both.base.folder]
        assert any("requirements.txt" in note for note in both.notes)


def test_a_python_that_is_none_is_told(changed):
    with Sides(changed, python="/bin/true") as both, pytest.raises(Unmeasurable, match="no Python that works"):
        assert both.head
    with Sides(changed, python=str(Path("/no/python"))) as both, pytest.raises(Unmeasurable) as problem:
        assert both.head
    assert problem.value.code == "B-PYTHON"
