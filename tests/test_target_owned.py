"""Which installed packages are the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perftools.target import owned
from tests.proctree import Tree

VENV = "/srv/venv"
SITE = f"{VENV}/lib/python3.11/site-packages"


class Environment(Tree):
    """Process 9 in a virtual environment, and what is installed there."""

    def run(self, command: str) -> tuple[str, ...]:
        self.process(9, command)
        return owned.user_paths(self.proc, 9)

    def install(self, name: str, *files: str, origin: object = None, entry_points: str = "") -> None:
        folder = f"{SITE}/{name}-1.0.dist-info"
        for file in files:
            self.inside(f"{SITE}/{file}", "")
        self.inside(f"{folder}/RECORD", "".join(f"{file},sha256=x,1\n" for file in files) + f"{folder}/RECORD,,\n")
        if origin is not None:
            self.inside(f"{folder}/direct_url.json", origin if isinstance(origin, str) else json.dumps(origin))
        if entry_points:
            self.inside(f"{folder}/entry_points.txt", entry_points)

    def inside(self, path: str, text: str) -> None:
        self.write(f"proc/9/root{path}", text)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    made = Environment(tmp_path)
    made.inside(f"{VENV}/pyvenv.cfg", "home = /opt/py/bin\n")
    made.inside(f"{VENV}/bin/python", "")
    for server in ("uvicorn", "gunicorn"):
        made.install(server, f"{server}/__init__.py", entry_points=f"[console_scripts]\n{server} = {server}.main:run\n")
    made.install("numpy", "numpy/__init__.py", "numpy/core/__init__.py")
    made.install(
        "shop-app",
        "shop/__init__.py",
        "shop/api.py",
        "shop_models/__init__.py",
        "shop_main.py",
        "../../../bin/shop",
        entry_points="[console_scripts]\nshop-serve = shop.cli:main\n",
    )
    return made


SHOP = (f"{SITE}/shop", f"{SITE}/shop_main.py", f"{SITE}/shop_models")


@pytest.mark.parametrize(
    "command",
    [
        f"{VENV}/bin/python -m shop.api",
        f"{VENV}/bin/python {VENV}/bin/shop-serve --port 1",
        f"{VENV}/bin/python {SITE}/shop/api.py",
        f"{VENV}/bin/python -m uvicorn shop.api:app --host 0.0.0.0 --port 8000",
        f"{VENV}/bin/python -m uvicorn --factory shop.api:make --log-level info",
        f"{VENV}/bin/python {VENV}/bin/gunicorn -w 2 -k uvicorn.workers.UvicornWorker shop.api:app",
        f"{VENV}/bin/python {VENV}/bin/gunicorn -b localhost:8000 -c gunicorn.conf.py shop.api",
        f"{VENV}/bin/python {VENV}/bin/celery -A shop worker",
        f"{VENV}/bin/python -m flask --app=shop run",
    ],
)
def test_the_distribution_that_the_command_line_starts(environment: Environment, command: str) -> None:
    assert environment.run(command) == SHOP


def test_a_server_that_renamed_itself(environment: Environment) -> None:
    environment.write("proc/9/maps", f"7f00-7f10 r-xp 0 08:01 12 {SITE}/numpy/core/_x.so\n")
    assert environment.run("gunicorn: worker [shop.api:app]") == SHOP


@pytest.mark.parametrize(
    "command",
    [
        f"{VENV}/bin/python -m uvicorn",
        f"{VENV}/bin/python -m uvicorn app:app",
        f"{VENV}/bin/python -m uvicorn uvicorn.main:app",
        f"{VENV}/bin/python app.py shop.api:app",
        f"{VENV}/bin/python -m http.server",
        f"{VENV}/bin/python -c pass",
        f"{VENV}/bin/python -m ..shop",
        "/usr/bin/other -m shop",
        "",
    ],
)
def test_code_outside_and_servers_need_nothing(environment: Environment, command: str) -> None:
    assert environment.run(command) == ()


def test_what_was_installed_from_a_folder(environment: Environment) -> None:
    folder = {"url": "file:///src/pricing", "dir_info": {}}
    environment.install("pricing", "pricing/__init__.py", "../evil.py", "pri cing.py", origin=folder)
    environment.install("linked", "linked/__init__.py", origin=folder | {"dir_info": {"editable": True}})
    environment.install("wheel", "wheel/__init__.py", origin={"url": "file:///w.whl", "archive_info": {}})
    environment.install("git", "git/__init__.py", origin={"url": "https://x", "vcs_info": {"vcs": "git"}})
    for number, broken in enumerate(
        ("", "[", "[]", '{"url": 3, "dir_info": {}}', '{"url": "file://x", "dir_info": 1}')
    ):
        environment.install(f"broken{number}", f"broken{number}/__init__.py", origin=broken)
    assert environment.run(f"{VENV}/bin/python app.py") == (f"{SITE}/pricing",)


def test_a_namespace_package_is_shared(environment: Environment) -> None:
    environment.install("acme-scoring", "acme/scoring/__init__.py", "acme/scoring/api.py")
    environment.install("acme-core", "acme/core/__init__.py")
    assert environment.run(f"{VENV}/bin/python -m acme.scoring.api") == (f"{SITE}/acme/scoring",)


def test_a_single_module(environment: Environment) -> None:
    environment.install("tiny", "tiny.py")
    assert environment.run(f"{VENV}/bin/python -m tiny") == (f"{SITE}/tiny.py",)


def test_an_interpreter_found_by_path(environment: Environment) -> None:
    environment.write("proc/9/environ", f"A=1\\0PATH=/usr/bin:{VENV}/bin\\0")
    assert environment.run("python -m shop") == SHOP
    environment.link("proc/9/cwd", "/srv")
    assert environment.run("venv/bin/python -m shop") == SHOP
