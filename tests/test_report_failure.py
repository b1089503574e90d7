from __future__ import annotations

import json

from perftools.errors import NoProcess, NoRight
from perftools.report import failure

REFUSED = NoRight(
    "cannot read the memory of pid 4711 (owner app, uid 1000; you are deploy, uid 1001)",
    looked_at={"ptrace_scope": 1, "CapEff": "0000000000000000"},
    commands=("sudo /opt/venv/bin/perftools audit 4711", "perf audit 4712"),
)


def test_an_error_says_what_happened_what_was_looked_at_and_what_to_type():
    assert failure.text(REFUSED, colour=False) == (
        "error E-PTRACE: cannot read the memory of pid 4711 (owner app, uid 1000; you are deploy, uid 1001)\n"
        "  ptrace_scope 1, CapEff 0000000000000000\n"
        "  run:  sudo /opt/venv/bin/perftools audit 4711\n"
        "        perf audit 4712\n"
    )


def test_colour_touches_the_code_alone():
    assert failure.text(NoProcess("no process 4711"), colour=True) == (
        "\x1b[1;31merror E-NOPID:\x1b[0m no process 4711\n"
    )


def test_what_comes_from_a_process_cannot_steer_the_terminal():
    error = NoProcess("no \x1b]0;x\x07process", looked_at={"a\nb": "c\x1bd"}, commands=("perf audit 1  # \x9b31m",))
    text = failure.text(error, colour=False)
    assert text == "error E-NOPID: no ]0;xprocess\n  a b cd\n  run:  perf audit 1  # 31m\n"


def test_the_document_holds_the_same():
    assert json.loads(failure.document(REFUSED))["error"] == {
        "code": "E-PTRACE",
        "message": "cannot read the memory of pid 4711 (owner app, uid 1000; you are deploy, uid 1001)",
        "values": {"ptrace_scope": 1, "CapEff": "0000000000000000"},
        "command": "sudo /opt/venv/bin/perftools audit 4711",
    }
    surrogate = json.loads(failure.document(NoProcess("no \udc80", looked_at={"name": "\udc80x"})))
    assert surrogate["error"]["values"] == {"name": "x"}
    assert surrogate["error"]["command"] is None
