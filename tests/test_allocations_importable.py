"""Which memray a process would import, told from its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from perftools.collect.allocations import importable
from tests.proctree import Tree

VENV = "/srv/venv"
SITE = f"{VENV}/lib/python3.11/site-packages"
BASE = "/opt/py/lib/python3.11/site-packages"
USER = "/home/app/.local/lib/python3.11/site-packages"


class Machine(Tree):
    """Process 9 of CPython 3.11 in /opt/py, started by the user whose home is /home/app."""

    def run(self, command: str = f"{VENV}/bin/python app.py", **environ: str) -> importable.Found | None:
        self.process(9, command)
        self.link("proc/9/cwd", "/srv/app")
        pairs = {"HOME": "/home/app", **environ}
        self.write("proc/9/environ", "".join(f"{name}={value}\\0" for name, value in pairs.items()))
        return importable.find(self.proc, 9, "3.11")

    def inside(self, path: str, text: str = "") -> None:
        self.write(f"proc/9/root{path}", text)

    def install(self, site: str, version: str = "1.20.0", tag: str = "cpython-311-x86_64-linux-gnu") -> None:
        self.inside(f"{site}/memray/__init__.py")
        self.inside(f"{site}/memray/_version.py", f'__version__ = "{version}"\n')
        self.inside(f"{site}/memray/_memray.{tag}.so")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.inside(f"{VENV}/pyvenv.cfg", "home = /opt/py/bin\ninclude-system-site-packages = false\n")
    made.inside(f"{SITE}/numpy/__init__.py")
    made.inside(f"{BASE}/pip/__init__.py")
    made.inside("/opt/py/bin/python3.11")
    return made


def test_none_where_there_is_none(machine: Machine) -> None:
    assert machine.run() is None


def test_in_the_virtual_environment(machine: Machine) -> None:
    machine.install(SITE)
    assert machine.run() == importable.Found(f"{SITE}/memray", "1.20.0", built=True)


def test_what_lies_outside_of_a_virtual_environment_is_not_seen_in_it(machine: Machine) -> None:
    machine.install(BASE)
    machine.install(USER)
    assert machine.run() is None
    found = machine.run("/opt/py/bin/python3.11 app.py")
    assert found is not None and found.folder == f"{USER}/memray"  # before the installation's


def test_a_virtual_environment_that_sees_the_installation(machine: Machine) -> None:
    machine.inside(f"{VENV}/pyvenv.cfg", "home = /opt/py/bin\ninclude-system-site-packages = true\n")
    machine.install(BASE)
    found = machine.run()
    assert found is not None and found.folder == f"{BASE}/memray"


@pytest.mark.parametrize(
    ("command", "environ", "seen"),
    [
        ("/opt/py/bin/python3.11 app.py", {}, True),
        ("/opt/py/bin/python3.11 -s app.py", {}, False),
        ("/opt/py/bin/python3.11 -u -X dev -I app.py", {}, False),
        ("/opt/py/bin/python3.11 -m app -s", {}, True),
        ("/opt/py/bin/python3.11 app.py", {"PYTHONNOUSERSITE": "1"}, False),
        ("/opt/py/bin/python3.11 -E app.py", {"PYTHONNOUSERSITE": "1"}, True),
        ("/opt/py/bin/python3.11 -S app.py", {}, False),
    ],
)
def test_the_users_site_packages(machine: Machine, command: str, environ: dict[str, str], seen: bool) -> None:
    machine.install(USER)
    assert (machine.run(command, **environ) is not None) == seen


def test_the_users_site_packages_by_their_own_variable_and_by_the_password_file(machine: Machine) -> None:
    machine.install("/data/base/lib/python3.11/site-packages")
    assert machine.run("/opt/py/bin/python3.11 app.py", PYTHONUSERBASE="/data/base") is not None
    assert machine.run("/opt/py/bin/python3.11 app.py", HOME="") is None
    machine.inside("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/elsewhere:/bin/sh\n")
    machine.install("/home/elsewhere/.local/lib/python3.11/site-packages")
    assert machine.run("/opt/py/bin/python3.11 app.py", HOME="") is not None


def test_pythonpath_comes_before_site_packages_and_may_be_relative(machine: Machine) -> None:
    machine.install(SITE, "1.20.0")
    machine.install("/srv/app/vendored", "1.9.1")
    found = machine.run(PYTHONPATH="/nowhere:vendored")
    assert found is not None and found.version == "1.9.1"
    found = machine.run(f"{VENV}/bin/python -E app.py", PYTHONPATH="/nowhere:vendored")
    assert found is not None and found.version == "1.20.0"


def test_a_package_beside_the_script_comes_first(machine: Machine) -> None:
    machine.install(SITE)
    machine.inside("/srv/app/memray/__init__.py")
    found = machine.run(f"{VENV}/bin/python /srv/app/app.py")
    assert found == importable.Found("/srv/app/memray", "", built=False)
    isolated = machine.run(f"{VENV}/bin/python -I /srv/app/app.py")
    assert isolated is not None and isolated.version == "1.20.0"


@pytest.mark.parametrize("tag", ["cpython-312-x86_64-linux-gnu", "cpython-311t-x86_64-linux-gnu", "abi3"])
def test_its_compiled_half_must_be_for_this_version(machine: Machine, tag: str) -> None:
    machine.install(SITE, tag=tag)
    found = machine.run()
    assert found is not None and not found.built


def test_a_build_without_the_gil_has_a_tag_of_its_own(machine: Machine) -> None:
    machine.install(SITE, tag="cpython-311t-x86_64-linux-gnu")
    machine.process(9, f"{VENV}/bin/python app.py", exe="/opt/py/bin/python3.11t")
    found = importable.find(machine.proc, 9, "3.11")
    assert found is not None and found.built


def test_a_server_that_renamed_itself_is_told_by_what_it_has_mapped(machine: Machine) -> None:
    machine.install(SITE)
    machine.write("proc/9/maps", f"7f00-7f10 r-xp 0 08:01 12 {SITE}/numpy/core/_x.so\n")
    assert machine.run("gunicorn: worker [app]") is not None
