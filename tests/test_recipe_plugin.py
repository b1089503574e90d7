"""A third party's distribution with a recipe: installed, found, and proved like ours."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent / "plugin"
TEXT = "def cheapest(offers):\n    return sorted(offers)[0]\n"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where the plugin is installed beside us: its wheel, unpacked (an environment need not have pip)."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("__pycache__"))  # builds write into the source
    build = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
    site = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-c", build, source], cwd=source, check=True, capture_output=True)
    (wheel,) = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return {**os.environ, "PYTHONPATH": f"{site}:{os.environ.get('PYTHONPATH', '')}"}


def perftools(environment, *arguments):
    command = [sys.executable, "-m", "perftools", "recipes", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_recipe_of_another_distribution_is_listed_and_applied(environment, tmp_path):
    listed = json.loads(perftools(environment, "list", "--json").stdout)["recipes"]
    assert [(each["level"], len(each["timings"])) for each in listed if each["id"] == "sorted-first"] == [
        ("guarded", 3)
    ]
    (tmp_path / "app.py").write_text(TEXT)
    done = perftools(environment, "apply", f"{tmp_path}/app.py", "--size", "100000", "--json")
    assert [each["recipe"] for each in json.loads(done.stdout)["taken"]] == ["sorted-first"]


def test_it_is_proved_like_ours(environment):
    done = perftools(environment, "prove", "sorted-first", "--cases", "50")
    assert (done.returncode, done.stdout) == (0, "sorted-first: proved\n1 of 1 proved\n")
