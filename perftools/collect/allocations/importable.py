"""Which memray a process would import, decided from its files alone: nothing is run in it.

The order of sys.path is that of Modules/getpath.py and Lib/site.py (CPython 3.11): the script's folder, PYTHONPATH,
the user's site-packages, the installation's. The standard library holds no memray and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from perftools.target import owned, program
from perftools.target.proc import Proc

_MOST_NAMES = 4096
_SMALL_FILE = 64 << 10
_VERSION = re.compile(r"""^__version__\s*=\s*["'](\d{1,4}(?:\.\d{1,4}){1,3})[^"']{0,20}["']""", re.MULTILINE)
_WITH_VALUE = "WX"  # interpreter options whose value may be the next argument


class Found(NamedTuple):
    """The memray that `import memray` would give."""

    folder: str
    """The package, as the process sees it."""
    version: str
    """Like "1.20.0"; "" where the package does not say."""
    built: bool
    """Whether its compiled half is there for this version of CPython."""


def find(proc: Proc, pid: int, version: str) -> Found | None:
    """The first memray on the path of process `pid`, which runs CPython `version` ("3.11"); None if there is none."""
    for folder in dict.fromkeys(search_path(proc, pid, version)):
        package = f"{folder.rstrip('/')}/memray"
        if proc.exists_inside(pid, f"{package}/__init__.py"):
            extension = f"_memray.{_tag(proc, pid, version)}-"
            names = proc.list_inside(pid, package, _MOST_NAMES)
            built = any(name.startswith(extension) and name.endswith(".so") for name in names)
            return Found(package, _version(proc, pid, package), built)
    return None


def search_path(proc: Proc, pid: int, version: str) -> Iterator[str]:
    """The folders from which it imports, but for the standard library's; as it sees them, some perhaps absent."""
    argv, environ = proc.cmdline(pid), proc.environ(pid)
    options = _options(argv)
    ignores_environment = not options.isdisjoint("EI")
    cwd = proc.link(pid, "cwd") or "/"
    if "I" not in options:
        yield from _start_folder(program.parse(argv), cwd)
    if not ignores_environment and "PYTHONPATH" in environ:
        yield from (_absolute(path, cwd) for path in environ["PYTHONPATH"].split(":"))
    if "S" in options:
        return
    sites = owned.site_packages(proc, pid)
    isolated = [site for site in sites if _is_isolated(proc, pid, site)]
    if not isolated and options.isdisjoint("sI") and (ignores_environment or "PYTHONNOUSERSITE" not in environ):
        base = "" if ignores_environment else environ.get("PYTHONUSERBASE", "")
        home = environ.get("HOME") or _home(proc, pid)
        yield f"{base or home + '/.local'}/lib/python{version}/site-packages"
    yield from sites
    if not isolated:
        for prefix in _base_prefixes(proc, pid, sites):
            yield f"{prefix}/lib/python{version}/site-packages"
            yield f"{prefix}/local/lib/python{version}/dist-packages"  # Debian's interpreter
            yield f"{prefix}/lib/python3/dist-packages"


def _options(argv: tuple[str, ...]) -> set[str]:
    """The one-letter options before the script (`python -sE app.py`); none of a process that renamed itself."""
    letters: set[str] = set()
    if not argv or not program.is_interpreter(argv[0]):
        return letters
    skip = False
    for arg in argv[1:]:
        if skip:
            skip = False
            continue
        if not arg.startswith("-") or arg in ("-", "--") or arg.startswith("--"):
            break
        for position, letter in enumerate(arg[1:], start=2):
            letters.add(letter)
            if letter in "cm":
                return letters
            if letter in _WITH_VALUE:
                skip = not arg[position:]
                break
    return letters


def _start_folder(command: program.Command, cwd: str) -> Iterator[str]:
    """What stands first in sys.path: the script's folder, or the current one for -m and -c."""
    if command.kind == "script":
        yield _absolute(command.entry, cwd).rpartition("/")[0] or "/"
    elif command.kind in ("module", "code"):
        yield cwd


def _absolute(path: str, cwd: str) -> str:
    return path if path.startswith("/") else f"{cwd}/{path}".rstrip("/")


def _config(proc: Proc, pid: int, site: str) -> dict[str, str]:
    """pyvenv.cfg of the virtual environment that a site-packages folder belongs to; empty for one that is in none."""
    prefix = site.rpartition("/lib/")[0]
    try:
        text = proc.read_inside(pid, f"{prefix}/pyvenv.cfg", _SMALL_FILE).decode(errors="replace")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}


def _is_isolated(proc: Proc, pid: int, site: str) -> bool:
    """Whether it belongs to a virtual environment that sees neither the installation's packages nor the user's."""
    config = _config(proc, pid, site)
    return bool(config) and config.get("include-system-site-packages", "false").lower() != "true"


def _base_prefixes(proc: Proc, pid: int, sites: list[str]) -> Iterator[str]:
    """Of the installations behind the site-packages folders: the prefix, or what a pyvenv.cfg calls home."""
    for site in sites:
        home = _config(proc, pid, site).get("home", "")
        prefix = home.rpartition("/bin")[0] if home else site.partition("/lib/")[0]
        if prefix.startswith("/"):
            yield prefix


def _home(proc: Proc, pid: int) -> str:
    """Of the user that it runs as, by its own /etc/passwd."""
    uid = (proc.status(pid).get("Uid", "").split() or [""])[0]
    try:
        text = proc.read_inside(pid, "/etc/passwd", _SMALL_FILE).decode(errors="replace")
    except OSError:
        return ""
    rows = (line.split(":") for line in text.splitlines())
    return next((row[5] for row in rows if len(row) > 5 and row[2] == uid and row[5].startswith("/")), "")


def _tag(proc: Proc, pid: int, version: str) -> str:
    """The tag of its extension modules: "cpython-311", with a "t" for a build without the GIL (PEP 703)."""
    argv = proc.cmdline(pid)[:1]
    files = [proc.executable(pid) or "", *argv, *(mapping.path for mapping in proc.maps(pid))]
    free_threaded = any(re.search(rf"python{re.escape(version)}t\b", file) for file in files)
    return f"cpython-{version.replace('.', '')}{'t' if free_threaded else ''}"


def _version(proc: Proc, pid: int, package: str) -> str:
    try:
        text = proc.read_inside(pid, f"{package}/_version.py", _SMALL_FILE).decode(errors="replace")
    except OSError:
        return ""
    match = _VERSION.search(text)
    return match[1] if match else ""
