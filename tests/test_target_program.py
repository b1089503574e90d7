"""What command lines say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.target import program
from perftools.target.program import Command, parse


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python app.py -x", Command("script", "app.py", ("-x",))),
        ("/usr/bin/python3.11 -m pkg.mod a", Command("module", "pkg.mod", ("a",))),
        ("python3 -mpkg", Command("module", "pkg", ())),
        ("python -Bum pkg a b", Command("module", "pkg", ("a", "b"))),
        ("python -X dev -W error -Xfaulthandler app.py", Command("script", "app.py", ())),
        ("python --check-hash-based-pycs always -Ic code", Command("code", "code", ())),
        ("python -c", Command("code", "", ())),
        ("python -", Command("script", "-", ())),
        ("python", Command("none", "", ())),
        ("pypy3.10 app.py", Command("script", "app.py", ())),
        ("gunicorn: master [app:app]", Command("title", "gunicorn: master [app:app]", ())),
        ("", Command("title", "", ())),
    ],
)
def test_parse(line: str, expected: Command) -> None:
    assert parse(tuple(line.split())) == expected


@given(st.lists(st.text(max_size=20), max_size=8))
def test_any_arguments_are_parsed(args: list[str]) -> None:
    command = parse(("python", *args))
    assert len(command.args) <= len(args)
    assert command.kind in ("script", "module", "code", "none")


@pytest.mark.parametrize("name", ["python", "python3", "python3.13t", "/x/python3.11", "pypy3.10", "python3.11-dbg"])
def test_interpreters(name: str) -> None:
    assert program.is_interpreter(name)


@pytest.mark.parametrize("name", ["", "python3-config", "ipython", "pythonista", "/usr/bin/python3/x", "bash"])
def test_other_programs(name: str) -> None:
    assert not program.is_interpreter(name)


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (("python", "-c", "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)"), "spawned"),
        (("python", "-E", "-c", "from multiprocessing.resource_tracker import main;main(4)"), "tracker"),
        (("python", "-c", "from multiprocessing.semaphore_tracker import main;main(4)"), "tracker"),
        (("python", "-c", "from multiprocessing.forkserver import main; main(1, 2)"), "forkserver"),
        (("python", "-m", "joblib.externals.loky.backend.popen_loky_posix", "--pipe", "15"), "spawned"),
        (("python", "-c", "from joblib.externals.loky.backend.resource_tracker import main; main(3)"), "tracker"),
        (("frozen-app", "--multiprocessing-fork", "tracker_fd=5"), None),
        (("python", "app.py", "--multiprocessing-fork"), "spawned"),
        (("python", "-c", "import multiprocessing"), None),
        (("python", "app.py"), None),
    ],
)
def test_what_multiprocessing_started(argv: tuple[str, ...], part: str | None) -> None:
    assert program.part(parse(argv)) == part


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("python /venv/bin/gunicorn app:app", {}, True),
        ("gunicorn: master [app]", {}, True),
        ("python -m gunicorn.app.wsgiapp app:app", {}, True),
        ("python -m uvicorn app:app", {}, False),
        ("python -m uvicorn app:app --workers 4", {}, True),
        ("python -m uvicorn app:app --workers=1", {"WEB_CONCURRENCY": "4"}, False),
        ("python /venv/bin/uvicorn app:app", {"WEB_CONCURRENCY": "4"}, True),
        ("python /venv/bin/uvicorn app:app --reload", {}, True),
        ("python /venv/bin/fastapi dev app.py", {}, True),
        ("python /venv/bin/fastapi run app.py", {}, False),
        ("python app.py --workers 4", {"WEB_CONCURRENCY": "4"}, False),
    ],
)
def test_first_processes_that_never_work(line: str, environ: dict[str, str], expected: bool) -> None:
    assert program.never_works(parse(tuple(line.split())), environ) is expected
