"""Around an audit of a real service: found in the list and by Tab, planned without a trace, kept and read again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.command import command, report
from tests.live.services import running

pytestmark = pytest.mark.live

LISTENER = """
import ctypes, socket
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
taken = socket.create_server(("127.0.0.1", 0))
print("port", taken.getsockname()[1], flush=True)
while True:
    sum(range(1000))
"""

HOOKED = """
import sys
seen = []
def hook(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3 and arguments[0] != "/dev/null"
    if writes or event.split(".")[0] in ("subprocess", "pty") or event in (
        "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "os.kill", "os.putenv"
    ):
        seen.append((event, str(arguments)[:200]))
from perftools.cli import main
sys.addaudithook(hook)
sys.argv[0] = "perftools"
code = main()
print(seen, file=sys.stderr)
sys.exit(code)
"""
"""The command, with an eye on every program that it starts and every file that it opens to write (PEP 578)."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The pid and the port of a busy service whose command line no other has."""
    program = tmp_path_factory.mktemp("service") / "lonely_scoring.py"
    program.write_text(LISTENER)
    with running([sys.executable, str(program)], ready=r"port (\d+)") as (process, said):
        yield process.pid, int(said[1])


def test_it_is_in_the_list(service: tuple[int, int]) -> None:
    pid, port = service
    (row,) = [each for each in report("audit", code=2)["services"] if each["pid"] == pid]
    assert (row["ports"], row["workers"], row["refusal"]) == ([port], 1, None)
    assert row["cpu_percent"] > 0
    assert row["python"] == ".".join(map(str, sys.version_info[:3]))
    assert row["command"].endswith("lonely_scoring.py")


def test_tab_offers_it(service: tuple[int, int]) -> None:
    words = {"_PERFTOOLS_COMPLETE": "bash_complete", "COMP_WORDS": "perftools audit lonely", "COMP_CWORD": "2"}
    code = "import sys; sys.argv = ['perftools']; from perftools.cli import main; sys.exit(main())"
    offered = subprocess.check_output([sys.executable, "-c", code], env={**os.environ, **words}, text=True)
    assert offered == f"plain,{service[0]}\n"


def test_a_dry_run_starts_and_writes_nothing(service: tuple[int, int]) -> None:
    pid, _ = service
    before = Path(f"/proc/{pid}/status").read_text()
    program = [sys.executable, "-c", HOOKED, "audit", str(pid), "--dry-run"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout.startswith(f"pid {pid}   python lonely_scoring.py")
    after = Path(f"/proc/{pid}/status").read_text()
    for line in ("TracerPid", "State", "Threads"):
        assert re.search(rf"^{line}:.*$", before, re.MULTILINE)[0] == re.search(rf"^{line}:.*$", after, re.MULTILINE)[0]


def test_an_audit_is_kept_and_read_again(service: tuple[int, int], tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    audit = ["audit", str(service[0]), "--window", "1", "--only", "gc-pause", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", HOOKED, *audit], capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    first = json.loads(done.stdout)
    assert "subprocess" in done.stderr or "fork" in done.stderr, "what a dry run does not do"
    kept = re.search(r"^kept as (\S+): ", done.stderr, re.MULTILINE)
    assert kept and Path(kept[1]).stat().st_mode & 0o777 == 0o600
    assert {row["missing"]["code"] for row in first["not_checked"] if row["rule"] == "list-hot-path"} == {"E-SKIPPED"}
    again = subprocess.run(
        command("explain", "--last", "--json"), capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    told = json.loads(again.stdout)
    assert told["quality"] == first["quality"]
    assert not any(row["missing"]["code"] == "E-SKIPPED" for row in told["not_checked"])
