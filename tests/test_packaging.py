"""What is installed: one version, every package and data file, and a start script that imports almost nothing."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import click
import pytest

import perftools
from perftools.shim import VERBS

ROOT = Path(__file__).parent.parent
SOURCES = {"perftools": "perftools", "benchmarks": "perftools_benchmarks", "recipes": "perftools_recipes"}
"""Folder in the checkout -> package as installed."""


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a wheel, built from a copy of the sources, without the network."""
    copy = tmp_path_factory.mktemp("sources")
    for name in (*SOURCES, "share"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, copy)
    (copy / "benchmarks" / "__pycache__").mkdir()
    (copy / "benchmarks" / "__pycache__" / "stale.cpython-311.pyc").touch()
    build = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_version_stands_in_one_place_for_each_reader(project):
    assert perftools.__version__ == project["project"]["version"] == metadata.version("perftools-ml")


def test_the_wheel_holds_every_source_and_data_file(site):
    wanted = {
        str(Path(package) / path.relative_to(ROOT / folder))
        for folder, package in SOURCES.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    held = {
        str(path.relative_to(site))
        for package in SOURCES.values()
        for path in (site / package).rglob("*")
        if path.is_file()
    }
    assert held == wanted


@pytest.mark.parametrize("verb", VERBS)
def test_the_manual_page_of_a_verb_is_installed_and_names_its_options(site, verb):
    (page,) = site.glob(f"*.data/data/share/man/man1/perf-{verb}.1")
    command = importlib.import_module(f"perftools.cli.{verb}").command
    commands = [command]
    if isinstance(command, click.Group):
        commands = [command.get_command(click.Context(command), name) for name in command.list_commands(None)]
    options = {
        option for each in commands for parameter in each.params for option in parameter.opts if option[0] == "-"
    }
    described = page.read_text().replace("\\-", "-").partition(".SH OPTIONS")[2].partition(".SH")[0]
    assert set(re.findall(r"(?<=[ ,])--?[a-z][a-z-]*", described)) == options | {"-h", "--help"}


@pytest.mark.parametrize("module", ["perftools", "perftools_benchmarks"])
def test_the_wheel_runs_outside_the_checkout(site, module, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    where = f"import {module}; print({module}.__file__)"
    shown = subprocess.check_output([sys.executable, "-c", where], cwd=tmp_path, env=environment, text=True)
    assert Path(shown.strip()).is_relative_to(site)
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_every_console_script_leads_to_a_function(project):
    points = metadata.distribution("perftools-ml").entry_points.select(group="console_scripts")
    assert {point.name: point.value for point in points} == project["project"]["scripts"]
    assert all(callable(point.load()) for point in points)


def test_the_perf_script_imports_only_os_and_sys():
    tree = ast.parse((ROOT / "perftools" / "shim.py").read_text())
    eager = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in eager if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in eager if isinstance(node, ast.ImportFrom)}
    assert names - {"__future__"} <= {"os", "sys"}


@pytest.mark.parametrize("script", ["tools/venv.sh", "tools/debian-python.sh", ".ci/run"])
def test_the_shell_scripts_are_posix(script):
    shell = shutil.which("dash") or "sh"
    assert subprocess.run([shell, "-n", ROOT / script], check=False).returncode == 0
