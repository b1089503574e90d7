"""What every test may use: the `live` marker, and whether this machine lets us read another process at all."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import pytest

NO_RIGHT = "no ptrace right"
"""How the reason of every skip for lack of rights begins: the build counts the skips that start with it."""

_TARGET = """
import ctypes, sys
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
print(id(sys), flush=True)
sys.stdin.read()
"""

_READER = """
import ctypes, os, sys
class iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
libc, here = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(8)
local = iovec(ctypes.addressof(here), 8)
remote = iovec(int(sys.argv[2]), 8)
got = libc.process_vm_readv(int(sys.argv[1]), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
sys.exit(0 if got == 8 else os.strerror(ctypes.get_errno()))
"""


@functools.cache
def refusal() -> str | None:
    """Why one process of ours may not read another's memory, a sibling as py-spy is to the service; None if it may."""
    target = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert target.stdin
    assert target.stdout
    with target:
        address = target.stdout.readline().strip()
        reader = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _READER, str(target.pid), address],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        target.stdin.close()
    return None if reader.returncode == 0 else reader.stderr.strip() or f"reader ended with {reader.returncode}"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: observes a real process, and so needs the right to read its memory")


PROGRAMS = frozenset(
    f"test_{name}"
    for name in "application_proof budget_measure_functions budget_measure_process budget_measure_service "
    "budget_measure_story capture core_benchmarks demo gc_recorder gc_ring gc_watcher load memory_recorder "
    "recipe_plugin remote_gc remote_interpreter samples sched service timing window".split()
)
"""Modules whose tests start programs and wait for them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that waits for other programs and fails is run once more, and the summary counts it: cores are shared."""
    for item in items:
        if item.get_closest_marker("live") or item.module.__name__.rpartition(".")[2] in PROGRAMS:
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


@pytest.fixture(autouse=True, scope="session")
def _audits_of_tests_are_kept_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Not among the user's own."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    os.environ.pop("SUDO_UID", None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("live") and (reason := refusal()):
        pytest.skip(f"{NO_RIGHT}: {reason}")
