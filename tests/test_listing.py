"""`perf audit` without a service: those that there are."""

from __future__ import annotations

import json

import jsonschema
import pytest

from perftools import target as targets
from perftools.errors import NoRight, Stopped
from perftools.report import schema
from perftools.report import services as report
from perftools.target import Service
from tests.proctree import Tree
from tests.test_cli import run, stages
from tests.test_target_find import _TCP, _TCP4

__all__ = ["run", "stages"]


def service(pid: int = 4711, **changes) -> Service:
    made = Service(
        pid=pid, title="gunicorn: master [scoring:app]", workers=4, cpu_percent=196.4, python="3.11.7", ports=(8000,),
        container="pod scoring-7c9", refusal=None,
    )  # fmt: skip
    return made._replace(**changes)


REFUSED = service(
    52, title="python worker.py", workers=1, cpu_percent=0.0, ports=(), container=None,
    refusal=NoRight("cannot read the memory of pid 52", commands=("sudo perftools audit 52",)),
)  # fmt: skip


@pytest.fixture
def tree(tmp_path) -> Tree:
    made = Tree(tmp_path)
    made.process(1, "init", parent=0, exe="/sbin/init")
    made.process(40, "/opt/py/bin/python app.py --token hunter2", stack=5, cpu_ticks=10)
    made.process(41, "/opt/py/bin/python app.py --token hunter2", parent=40, stack=5, cpu_ticks=4000)
    made.process(42, "/opt/py/bin/python app.py --token hunter2", parent=40, stack=5, cpu_ticks=4000)
    made.process(50, "/opt/py/bin/python other.py", state="T")
    made.process(60, "nginx", exe="/usr/sbin/nginx")
    made.write("proc/net/tcp", _TCP + _TCP4.format(state="0A"))
    for pid in (41, 42, 60):
        made.link(f"proc/{pid}/fd/3", "socket:[68888]")
    return made


def test_one_row_a_service_with_what_it_is(tree, monkeypatch):
    monkeypatch.setattr("perftools.target.rights.probe", lambda proc, pid: 0)
    app, other = targets.services(proc=tree.proc, look_s=0.0)
    assert (app.pid, app.workers, app.ports, app.python) == (40, 2, (8000,), "3.11")
    assert app.title == "python app.py --token ***"
    assert app.refusal is None
    assert (other.pid, other.workers, other.ports) == (50, 1, ())
    assert other.refusal is not None and other.refusal.code == "E-STOPPED"


def test_cpu_time_is_counted_over_the_look_and_the_busiest_comes_first(tree, monkeypatch):
    def burn(seconds: float) -> None:
        tree.process(50, "/opt/py/bin/python other.py", state="R", cpu_ticks=10_000)

    monkeypatch.setattr("time.sleep", burn)
    first, second = targets.services(proc=tree.proc, look_s=0.2)
    assert (first.pid, second.pid, second.cpu_percent) == (50, 40, 0.0)
    assert first.cpu_percent > 1000


def test_a_launcher_is_no_service_and_whoever_started_us_neither(tree):
    tree.process(70, "/opt/py/bin/python /usr/bin/supervisord")
    tree.process(71, "/opt/py/bin/python app2.py", parent=70)
    tree.process(80, "/opt/py/bin/python -m pytest")
    tree.process(81, "/opt/py/bin/python perftools audit", parent=80)
    tree.link("proc/self", "81")
    assert {each.pid for each in targets.services(proc=tree.proc, look_s=0.0)} == {40, 50, 71}


def test_a_port_of_another_network_namespace_is_found_there(tree):
    tree.link("proc/self", "1")
    tree.link("proc/1/ns/net", "net:[1]")
    for pid in (40, 41, 42):
        tree.link(f"proc/{pid}/ns/net", "net:[2]")
    tree.write("proc/40/net/tcp", _TCP + _TCP4.format(state="0A").replace("1F40", "1F41"))
    ports = {each.pid: each.ports for each in targets.services(proc=tree.proc, look_s=0.0)}
    assert ports[40] == (8001,)


def lines(*services: Service, width: int = 120) -> list[str]:
    text = report.table(services, lambda pid: f"perf audit {pid}", width=width, colour=False)
    return text.splitlines()


def test_the_table_says_which_may_be_audited_and_why_not():
    said = lines(service(ports=(1, 2, 3, 4, 5)), REFUSED, width=100)
    assert said[0].split() == ["pid", "workers", "CPU", "Python", "port", "container", "audit", "command"]
    assert said[1].split()[:6] == ["4711", "4", "196", "%", "3.11.7", "1"]
    assert "2 more" in said[1]
    assert said[2].split()[-3:] == ["E-PTRACE", "python", "worker.py"]
    assert "why not  cannot read the memory of pid 52 (E-PTRACE)" in said
    assert "         sudo perftools audit 52" in said
    assert said[-1] == "NEXT     perf audit 4711  # gunicorn: master [scoring:app]"


def test_services_that_are_refused_for_the_same_reason_stand_together():
    other = REFUSED._replace(pid=53, refusal=NoRight("cannot read the memory of pid 99", commands=("sudo x",)))
    third = REFUSED._replace(pid=54, refusal=Stopped("pid 54 is stopped"))
    why = lines(REFUSED, other, third)[5:]
    assert why == [
        "why not  cannot read the memory of pid 52 (E-PTRACE); the same of 53",
        "         sudo perftools audit 52",
        "         pid 54 is stopped (E-STOPPED)",
    ]


def test_where_none_may_be_audited_none_is_offered_and_where_none_is_that_is_said():
    assert not any("NEXT" in line for line in lines(REFUSED))
    assert lines() == ["No Python process can be seen: none runs, or those of other users are hidden from you."]


@pytest.mark.parametrize("width", [40, 79, 100])
def test_the_table_keeps_to_the_page(width):
    hostile = service(title="a\x1b[31m" + "b" * 200, container="c\x07" * 30)
    said = lines(hostile, REFUSED, width=width)
    table = said[: said.index("")]
    assert max(map(len, table)) <= width
    assert "\x1b" not in "".join(said)


def test_without_a_service_the_choice_is_printed_and_the_exit_code_is_that_of_wrong_usage(run, monkeypatch):
    monkeypatch.setattr("perftools.target.services", lambda: [service(), REFUSED])
    code, stdout, stderr = run("audit")
    assert code == 2
    assert stdout.startswith(" pid  workers")
    assert stderr == "error E-USAGE: say which service to audit: PID, --port N or --name REGEX\n"
    code, stdout, stderr = run("audit", "--json")
    assert (code, stderr) == (2, "")
    told = json.loads(stdout)
    jsonschema.Draft202012Validator(json.loads(schema.shipped("report-1.json"))).validate(told)
    assert told["error"]["code"] == "E-USAGE"
    first, second = told["services"]
    assert (first["pid"], first["cpu_percent"], first["ports"], first["refusal"]) == (4711, 196.4, [8000], None)
    assert first["audit"].endswith(" audit 4711")
    assert (second["refusal"]["code"], second["refusal"]["command"]) == ("E-PTRACE", "sudo perftools audit 52")
