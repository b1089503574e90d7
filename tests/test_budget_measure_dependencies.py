"""What a checkout says that it needs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perftools.budget.measure import dependencies, environment

PROJECT = """
[build-system]
requires = ["setuptools>=77"]
[project]
name = "scores"
version = "1"
dependencies = ["numpy>=1.26"]
[project.optional-dependencies]
test = ["pytest"]
docs = ["sphinx"]
[dependency-groups]
dev = ["ruff", { include-group = "bench" }]
bench = ["pyperf"]
[tool.ruff]
line-length = 120
"""


@pytest.fixture
def two(tmp_path):
    """Two checkouts that ask for the same."""
    for name in ("head", "base"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(PROJECT)
        (tmp_path / name / "requirements.txt").write_text("numpy==2.0\n")
    return tmp_path / "head", tmp_path / "base"


def _edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"), [("line-length = 120", "line-length = 100"), ('version = "1"', 'version = "2"')]
)
def test_what_is_no_dependency_makes_no_difference(two, old, new):
    head, base = two
    _edit(head / "pyproject.toml", old, new)
    assert dependencies.differing(head, base) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("numpy>=1.26", "numpy>=2", "project.dependencies"),
        ("setuptools>=77", "setuptools>=78", "build-system"),
        ("sphinx", "mkdocs", "project.optional-dependencies"),
        ('"pyperf"', '"pyperf>2"', "dependency-groups"),
    ],
)
def test_where_two_checkouts_differ(two, old, new, where):
    head, base = two
    _edit(head / "pyproject.toml", old, new)
    assert dependencies.differing(head, base) == [f"pyproject.toml, {where}"]


def test_files_that_one_of_both_has_differ(two):
    head, base = two
    (base / "uv.lock").write_text("version = 1")
    (head / "requirements.txt").write_text("numpy==2.1\n")
    assert dependencies.differing(head, base) == ["requirements.txt", "uv.lock"]


def test_what_is_installed_for_the_base(two):
    _, base = two
    for name in ("requirements-dev.txt", "requirements-docs.txt", "requirements_bench.txt"):
        (base / name).write_text("")
    assert [path.name for path in dependencies.requirement_files(base)] == [
        "requirements-dev.txt", "requirements.txt", "requirements_bench.txt",
    ]  # fmt: skip
    assert dependencies.extras(base) == ["test"]
    assert dependencies.requirements(base) == ["ruff", "pyperf", "pyperf"]
    assert dependencies.installable(base)
    _edit(base / "pyproject.toml", '[build-system]\nrequires = ["setuptools>=77"]', "")
    assert not dependencies.installable(base)
    assert dependencies.requirements(base) == ["ruff", "pyperf", "pyperf", "numpy>=1.26", "pytest"]


def test_versions_are_the_locks_ones(two):
    _, base = two
    (base / "uv.lock").write_text(
        '[[package]]\nname = "Num_Py"\nversion = "2.0"\n[[package]]\nname = "a"\nversion = "1"\n'
        '[[package]]\nname = "a"\nversion = "2"\n[[package]]\nname = "scores"\nsource = { virtual = "." }\n'
    )
    (base / "Pipfile.lock").write_text('{"default": {"flask": {"version": "==3.0"}}, "develop": {"x": {"git": "…"}}}')
    assert dependencies.locked(base) == {"num-py": "2.0", "flask": "3.0"}


def test_without_a_lock_versions_are_heads_but_for_what_changed(two):
    head, base = two
    _edit(head / "requirements.txt", "numpy==2.0", "NumPy==2.1")
    installed = {"numpy": "2.1", "pytest": "8.0", "torch": "2.3+cpu"}
    assert environment._unchanged(installed, head, base) == {"pytest": "8.0"}


@pytest.mark.parametrize("requires", ["maturin>=1", "scikit_build_core", "Cython", "meson-python"])
def test_compiled_code_is_told_by_what_builds_it(two, requires):
    head, _ = two
    assert not dependencies.compiles(head)
    _edit(head / "pyproject.toml", "setuptools>=77", requires)
    assert dependencies.compiles(head)


def test_a_circle_of_groups_ends(two):
    head, _ = two
    _edit(head / "pyproject.toml", 'bench = ["pyperf"]', 'bench = ["pyperf", { include-group = "dev" }]')
    assert set(dependencies.requirements(head)) == {"ruff", "pyperf"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["pyproject.toml", "uv.lock", "Pipfile.lock", "pylock.toml"]), st.data())
def test_whatever_stands_in_a_file_is_read(tmp_path, name, data):
    seeds = (
        PROJECT,
        '{"default": {"a": 1}}',
        "[[package]]\nname = 1",
        "package = 3",
        "project = 1",
        "dependency-groups = 2",
    )
    text = data.draw(st.one_of(st.sampled_from(seeds), st.text(max_size=40)))
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert isinstance(dependencies.declared(tmp_path), dict)
    assert all(isinstance(version, str) for version in dependencies.locked(tmp_path).values())
    dependencies.requirements(tmp_path)
    dependencies.asked(tmp_path)
    dependencies.compiles(tmp_path)
