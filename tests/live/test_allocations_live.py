"""memray let into a loaded service and out again, by a whole audit: nothing is lost, and the line is named."""

from __future__ import annotations

import http.client
import importlib.util
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from perftools import api
from perftools import target as targets
from perftools.collect.allocations import debuggers
from perftools.collect.allocations.folder import BASES
from perftools.record import Missing
from perftools.target.proc import HOST
from tests.live.services import line_of, running

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("gdb", path=debuggers.PATH) is None, reason="no gdb"),
    pytest.mark.skipif(importlib.util.find_spec("memray") is None, reason="no memray"),
]

SERVICE = str(Path(__file__).with_name("allocations_target.py"))


class Client(threading.Thread):
    """Asks one thing after the other until it is told to end."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._ended = threading.Event()
        self.answered = self.lost = 0

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=60)
        while not self._ended.is_set():
            try:
                connection.request("GET", f"/{self.answered}")
                self.answered += connection.getresponse().read() != b""
            except (OSError, http.client.HTTPException):
                self.lost += 1
                connection.close()

    def end(self) -> None:
        self._ended.set()
        self.join(60)


def folders() -> list[str]:
    return [name for base in BASES for name in os.listdir(base) if name.startswith("perftools-memray")]


def test_in_and_out_of_a_loaded_service() -> None:
    said: list[str] = []
    before = set(folders())
    with running([sys.executable, SERVICE], ready=r"listening on (?P<address>\S+)") as (process, found):
        client = Client(found["address"])
        client.start()
        audit = api.audit(targets.find(pid=process.pid), window_s=2.0, memory_s=1.0, tell=said.append)
        status, answered = HOST.status(process.pid), client.answered
        while client.answered < answered + 5 and client.is_alive() and not client.lost:
            client.join(0.01)
        client.end()
        mapped = {mapping.path for mapping in HOST.maps(process.pid)}
    seen = audit.observations.allocations
    assert not isinstance(seen, Missing), seen
    assert (client.lost, seen.left, status["TracerPid"]) == (0, "", "0")
    assert status["State"][:1] in "RS"
    assert not [path for path in mapped if "perftools-memray" in path]
    assert not set(folders()) - before
    assert seen.pid == process.pid
    assert seen.attach_stall_ms > 0 and seen.detach_stall_ms > 0
    assert seen.attach_stall_ms < 30_000 and 0.5 < seen.span_s < 30
    leaves = {seen.frames[seen.stacks[site.stack][0]] for site in seen.churn[:3]}
    lines = [line_of(SERVICE, text) for text in ("centred = ", "scaled = ", "return np.square")]
    assert leaves == {("standardise", SERVICE, line) for line in lines}
    assert seen.churn[0].temporaries > 0
    assert "is let into worker" in said[0] and "stood still for" in said[-1]
    (finding,) = [each for each in api.diagnose(audit).findings if each.rule == "allocation-churn"]
    assert finding.where is not None
    assert finding.where.file == SERVICE and finding.where.line in lines
