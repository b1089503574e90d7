"""Which installed packages are the user's own code: sampled lines in them are theirs to change, others are not.

Outside site-packages everything is the user's (also editable installs). Inside, these are: what pip installed from a
source folder (direct_url.json, PEP 610), and the distribution that owns the module which the command line starts.
Metadata files: "Recording installed projects" and "Entry points specification", packaging.python.org.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from perftools.target import program
from perftools.target.proc import Proc

_DISTRIBUTIONS = 2000
_SMALL_FILE = 256 << 10
_RECORD_FILE = 2 << 20
_SITE = re.compile(r"(/.*?/(?:site|dist)-packages)/")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_APPLICATION = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*(?:[.(].*)?")
_APPLICATION_OPTION = re.compile(r"(?:-A|--app)(?:=(.+))?")
_TITLE_APPLICATION = re.compile(r"gunicorn: \w+ \[(.+)\]")

# Servers and launchers that run somebody's code and are never it.
FRAMEWORKS = frozenset(
    """
    airflow arq bentoml billiard bokeh celery circus coverage daphne dask dagster ddtrace debugpy deepspeed distributed
    django dramatiq eventlet faust fastapi fastapi_cli flask gevent gradio granian gunicorn hatch honcho huey hypercorn
    ipykernel IPython joblib jupyter jupyter_core jupyter_server jupyterlab kedro litestar litserve locust loky luigi
    lightning mlflow mlserver multiprocess newrelic notebook nox opentelemetry panel pip pipenv poetry prefect pyramid
    pytest ray robyn rq sanic sglang streamlit supervisor torch torchserve tornado tox trio twisted ts uvicorn vllm
    waitress werkzeug
    """.split()
)


def user_paths(proc: Proc, pid: int) -> tuple[str, ...]:
    """Paths below the target's site-packages that hold the user's own code, as the target sees them; sorted.

    () where its files may not be read.
    """
    sites = site_packages(proc, pid)
    paths: set[str] = set()
    for site in sites:
        for folder in _distributions(proc, pid, site):
            if _from_folder(_read(proc, pid, f"{folder}/direct_url.json", _SMALL_FILE)):
                paths.update(_packages(proc, pid, site, folder))
    command = program.parse(proc.cmdline(pid))
    for module in _entry_modules(proc, pid, command, sites):
        if module.partition(".")[0] not in FRAMEWORKS:
            paths.update(_owning(proc, pid, sites, module))
    return tuple(sorted(paths))


def site_packages(proc: Proc, pid: int) -> list[str]:
    """The folders from which the process imports installed packages, as it sees them.

    Those that it has mapped a file of, and those of the interpreter's prefix (of a virtual environment where
    pyvenv.cfg lies beside bin/: Modules/getpath.py, CPython 3.11).
    """
    found = {match[1]: None for match in (_SITE.match(mapping.path) for mapping in proc.maps(pid)) if match}
    for interpreter in _interpreters(proc, pid):
        prefix = interpreter.rpartition("/bin/")[0]
        if not interpreter.count("/bin/"):
            continue
        for library in proc.list_inside(pid, f"{prefix}/lib", 4096):
            if re.fullmatch(r"python\d(?:\.\d+t?)?", library):
                for kind in ("site-packages", "dist-packages"):
                    found.setdefault(f"{prefix}/lib/{library}/{kind}")
        if proc.exists_inside(pid, f"{prefix}/pyvenv.cfg"):
            break
    return [site for site in found if proc.exists_inside(pid, site)]


def _interpreters(proc: Proc, pid: int) -> Iterator[str]:
    """Where the interpreter may have been started from: argv[0] keeps the virtual environment's link, exe does not."""
    first = (proc.cmdline(pid) or ("",))[0]
    if program.is_interpreter(first):
        if first.startswith("/"):
            yield first
        elif "/" in first:
            yield f"{proc.link(pid, 'cwd')}/{first}"
        else:
            folders = proc.environ(pid).get("PATH", "").split(":")
            yield from (path for path in (f"{folder}/{first}" for folder in folders) if proc.exists_inside(pid, path))
    yield proc.executable(pid) or ""


def _distributions(proc: Proc, pid: int, site: str) -> list[str]:
    names = proc.list_inside(pid, site, 4 * _DISTRIBUTIONS)
    return [f"{site}/{name}" for name in names if name.endswith(".dist-info")][:_DISTRIBUTIONS]


def _from_folder(text: str) -> bool:
    """Whether direct_url.json names a local folder whose files were copied here."""
    try:
        origin = json.loads(text) if text else {}
        return origin["url"].startswith("file://") and origin["dir_info"].get("editable") is not True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _packages(proc: Proc, pid: int, site: str, folder: str) -> Iterator[str]:
    """The top-level packages and modules of an installed distribution."""
    tops = dict.fromkeys(
        line.split(",")[0].partition("/")[0].strip('"')
        for line in _read(proc, pid, f"{folder}/RECORD", _RECORD_FILE).splitlines()
        if line.split(",")[0].endswith(".py")
    )
    for top in tops:
        if _MODULE.fullmatch(top.removesuffix(".py")) and proc.exists_inside(pid, f"{site}/{top}"):
            yield f"{site}/{top}"


def _entry_modules(proc: Proc, pid: int, command: program.Command, sites: Iterable[str]) -> Iterator[str]:
    """Modules that the command line starts: of `-m`, of a console script, or named to a server as `module:app`."""
    if command.kind == "title":
        match = _TITLE_APPLICATION.match(command.entry)
        yield from _applications((match[1],) if match else ())
        return
    module = command.entry if command.kind == "module" else ""
    if command.kind == "script":
        module = _console_script(proc, pid, sites, program.name(command))
        inside = _SITE.match(command.entry)
        if inside:
            module = command.entry[inside.end() :].removesuffix(".py").replace("/", ".")
    if _MODULE.fullmatch(module):
        yield module
    if module.partition(".")[0] in FRAMEWORKS:
        yield from _applications(command.args)


def _applications(args: tuple[str, ...]) -> Iterator[str]:
    """Modules among a server's arguments: `pkg.mod:app`, `-A pkg`, `--app pkg`, or gunicorn's plain `pkg.wsgi`."""
    for arg, following in zip(args, [*args[1:], ""], strict=False):
        option = _APPLICATION_OPTION.fullmatch(arg)
        text = (option[1] or following) if option else arg
        match = _APPLICATION.fullmatch(text)
        if match:
            yield match[1]
        elif _MODULE.fullmatch(text) and (option or "." in text):
            yield text


def _console_script(proc: Proc, pid: int, sites: Iterable[str], name: str) -> str:
    """The module behind bin/NAME; NAME itself where it is a server's."""
    if name in FRAMEWORKS:
        return name
    line = re.compile(rf"^{re.escape(name)}\s*=\s*([\w.]+)\s*:", re.MULTILINE)
    for site in sites:
        for folder in _distributions(proc, pid, site):
            match = line.search(_read(proc, pid, f"{folder}/entry_points.txt", _SMALL_FILE))
            if match:
                return match[1]
    return ""


def _owning(proc: Proc, pid: int, sites: Iterable[str], module: str) -> Iterator[str]:
    """The package of `module` in site-packages, and the other packages of its distribution."""
    parts = module.split(".")
    for site in sites:
        path = f"{site}/{parts[0]}"
        if not proc.exists_inside(pid, path):
            if proc.exists_inside(pid, f"{path}.py"):
                yield f"{path}.py"
            continue
        depth = 1
        while depth < len(parts) and not proc.exists_inside(pid, f"{path}/__init__.py"):
            path = f"{path}/{parts[depth]}"  # several distributions may share a namespace package
            depth += 1
        yield path
        marker = f"{path.removeprefix(site + '/')}/__init__.py,"
        for folder in _distributions(proc, pid, site):
            if any(line.startswith(marker) for line in _read(proc, pid, f"{folder}/RECORD", _RECORD_FILE).splitlines()):
                tops = _packages(proc, pid, site, folder)
                yield from (top for top in tops if top.endswith(".py") or proc.exists_inside(pid, f"{top}/__init__.py"))
                return


def _read(proc: Proc, pid: int, path: str, limit: int) -> str:
    try:
        return proc.read_inside(pid, path, limit).decode(errors="replace")
    except OSError:
        return ""
