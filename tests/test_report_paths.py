from __future__ import annotations

import pytest

from perftools.report.paths import Paths, function, paths
from tests import build

LIBRARY = "/opt/venv/lib/python3.11/site-packages/pandas/core/frame.py"


def root(*files: str) -> str:
    findings = tuple(build.finding(where=build.where(file=file), entry=None) for file in files)
    return paths(build.diagnosis(findings=findings, time=build.time_table(lines=(), functions=()))).root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["/srv/app/scoring/a.py", "/srv/app/api/b.py"], "/srv/app"),
        (["/srv/app/scoring/a.py"], "/srv/app"),
        (["/srv/app/main.py", "/srv/app/scoring/a.py"], "/srv"),
        (["/srv/app/scoring/a.py", LIBRARY, "<string>", "/usr/lib/python3.11/json/decoder.py"], "/srv/app"),
        (["/app/main.py"], ""),
        (["/srv/a/x.py", "/home/b/y.py"], ""),
        (["/srv/app/a.py", "/srv/app/a.py", "/usr/bin/gunicorn"], "/srv"),
        (["/srv/app/forms/a.py", "/srv/app/forms/a.py", "/srv/app/b.py"], "/srv"),
        ([LIBRARY], ""),
        ([], ""),
    ],
)
def test_the_root_is_what_the_users_files_share(files, expected):
    assert root(*files) == expected


def test_paths_below_the_root_libraries_and_all_others():
    short = Paths("/srv/app").short
    assert short("/srv/app/scoring/a.py") == "scoring/a.py"
    assert short("/srv/apples/a.py") == "/srv/apples/a.py"
    assert short(LIBRARY) == "…/pandas/core/frame.py"
    assert short("/usr/lib/python3.11/json/decoder.py") == "…/json/decoder.py"
    assert short("<string>") == "<string>"


def test_a_place_without_a_line_is_its_file():
    assert Paths("/srv/app").line(build.where(0, file="/srv/app/main.py")) == "main.py"


def test_functions_are_called_as_one_says_them():
    names = ["Scorer.score", "<module>", ""]
    assert [function(build.where(function=name)) for name in names] == ["Scorer.score()", "<module>", ""]
