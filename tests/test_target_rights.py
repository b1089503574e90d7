"""Why we may not read a process: one cause, and one command that helps."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from perftools import errors, target
from perftools.target import rights
from perftools.target.rights import Facts
from tests.proctree import Tree

_PTRACE = 1 << 19
_ALL = (1 << 41) - 1

# An ordinary user who looks at a process of the same user, with nothing in the way.
PLAIN = Facts(
    pid=4711,
    refusal=errno.EPERM,
    uid=1001,
    gid=1001,
    effective=0,
    permitted=0,
    bounding=_ALL,
    no_new_privs=False,
    filtered=False,
    owner_uids=frozenset({1001}),
    owner_gids=frozenset({1001}),
    owner_permitted=0,
    dumpable=True,
    yama=0,
    same_user_namespace=True,
    container=None,
)
OTHER_USER = PLAIN._replace(owner_uids=frozenset({54321}))
BARE_ROOT = PLAIN._replace(uid=0, gid=0, effective=_ALL & ~_PTRACE, permitted=_ALL & ~_PTRACE, bounding=0xA80425FB)


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        (OTHER_USER, "(owner uid 54321; you are uid 1001)"),
        (OTHER_USER._replace(yama=1, dumpable=False), "(owner uid 54321; you are uid 1001)"),
        (PLAIN._replace(owner_uids=frozenset({1001, 54321})), "(owner uid 54321; you are uid 1001)"),
        (PLAIN._replace(owner_gids=frozenset({5})), "group 5"),
        (PLAIN._replace(dumpable=False, yama=1), "not dumpable"),
        (PLAIN._replace(same_user_namespace=False), "another user namespace"),
        (PLAIN._replace(owner_permitted=2), "capabilities that you do not have"),
        (PLAIN._replace(yama=1), "yama/ptrace_scope is 1"),
        (PLAIN._replace(yama=2), "yama/ptrace_scope is 2"),
        (PLAIN, "a security module"),
        (PLAIN._replace(filtered=True), "a seccomp filter or a security module"),
    ],
)
def test_an_ordinary_user_is_told_the_cause_and_sudo(facts: Facts, cause: str) -> None:
    error = rights.refused(facts, 4700)
    assert error.message.startswith("cannot read the memory of pid 4711")
    assert cause in error.message
    (command,) = error.commands
    assert command.startswith("sudo /")
    assert command.endswith(" audit 4700")
    assert error.looked_at["errno"] == "EPERM"
    assert "lacks CAP_SYS_PTRACE" in str(error.looked_at["CapEff"])


def test_where_sudo_cannot_help_the_container_is_entered_with_rights() -> None:
    error = rights.refused(BARE_ROOT._replace(container="container 0f3cab12de34"), 7)
    assert error.message == "cannot read the memory of pid 4711: this container has no SYS_PTRACE capability"
    assert error.commands[0].split()[1:5] == ["exec", "-it", "--privileged", "0f3cab12de34"]
    error = rights.refused(BARE_ROOT._replace(container="pod scoring-7c9"), 7)
    assert error.commands[0].startswith("kubectl debug -it scoring-7c9 ")
    user = OTHER_USER._replace(bounding=0, container="pod scoring-7c9")
    assert "you are uid 1001), and this container has no SYS_PTRACE" in rights.refused(user, 7).message
    locked = OTHER_USER._replace(no_new_privs=True, container="pod scoring-7c9")
    assert "no_new_privs" in rights.refused(locked, 7).message
    assert rights.refused(locked, 7).commands[0].startswith("kubectl debug")


def test_no_command_is_given_where_none_helps() -> None:
    assert rights.refused(PLAIN._replace(yama=3), 7).commands == ()
    everything = BARE_ROOT._replace(effective=_ALL, permitted=_ALL, bounding=_ALL)
    assert rights.refused(everything, 7).commands == ()
    assert "security module" in rights.refused(everything, 7).message


def test_a_root_that_is_none_outside_its_user_namespace() -> None:
    error = rights.refused(BARE_ROOT._replace(effective=_ALL, permitted=_ALL, same_user_namespace=False), 7)
    assert "your user namespace" in error.message
    assert error.commands[0].startswith("sudo /")


def test_facts_from_a_recorded_process(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.process(9, "python app.py", Uid="5 6 6 6", Gid="7 7 7 7", CapPrm="0000000000000003")
    tree.process(60, "perftools", CapEff="00000000a80425fb", CapBnd="000001ffffffffff", NoNewPrivs="1", Seccomp="2")
    tree.link("proc/self", "60")
    tree.write("proc/sys/kernel/yama/ptrace_scope", "1\n")
    facts = rights.gather(tree.proc, 9, errno.EPERM)
    assert (facts.uid, sorted(facts.owner_uids), sorted(facts.owner_gids)) == (1000, [5, 6], [7])
    assert (facts.effective, facts.bounding, facts.owner_permitted) == (0xA80425FB, 0x1FFFFFFFFFF, 3)
    assert (facts.yama, facts.no_new_privs, facts.filtered, facts.same_user_namespace) == (1, True, True, True)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setattr(rights, "probe", lambda proc, pid: 0)
    made = Tree(tmp_path)
    made.process(4, "/usr/bin/gdb -p 9", exe="/usr/bin/gdb")
    made.process(9, "python app.py", stack=3)
    made.process(10, "python app.py", parent=9, stack=3)
    return made


def preflight(tree: Tree) -> None:
    target.preflight(target.find(pid=9, proc=tree.proc), proc=tree.proc)


def test_a_healthy_service_passes(tree: Tree) -> None:
    preflight(tree)


def test_a_stopped_worker(tree: Tree) -> None:
    tree.process(10, "python app.py", parent=9, stack=3, state="T")
    with pytest.raises(errors.Stopped, match="pid 10") as caught:
        preflight(tree)
    assert caught.value.commands == ("kill -CONT 10",)


def test_a_traced_worker_names_who_holds_it(tree: Tree) -> None:
    tree.process(10, "python app.py", parent=9, stack=3, state="t", TracerPid="4")
    with pytest.raises(errors.Traced, match=r"held by /usr/bin/gdb -p 9 \(pid 4\)"):
        preflight(tree)


def test_a_worker_that_ended_meanwhile(tree: Tree) -> None:
    found = target.find(pid=9, proc=tree.proc)
    tree.process(10, "", parent=9, state="Z", exe=None)
    with pytest.raises(errors.Gone, match="pid 10"):
        target.preflight(found, proc=tree.proc)


def test_refused_and_gone_are_told_apart(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "probe", lambda proc, pid: errno.EPERM if pid == 10 else 0)
    with pytest.raises(errors.NoRight, match="pid 10"):
        preflight(tree)
    monkeypatch.setattr(rights, "probe", lambda proc, pid: errno.ESRCH)
    with pytest.raises(errors.Gone):
        preflight(tree)


@pytest.mark.parametrize(
    ("executable", "said"),
    [
        ("/opt/pypy/bin/pypy3.10", "PyPy 3.10"),
        ("/opt/py/bin/python2.7", "CPython 2.7"),
        ("/x/python3.5", "CPython 3.5"),
    ],
)
def test_interpreters_that_cannot_be_read(tree: Tree, executable: str, said: str) -> None:
    tree.process(9, "python app.py", exe=executable)
    with pytest.raises(errors.UnknownVersion, match=said):
        preflight(tree)


@pytest.mark.parametrize("executable", ["/x/python3.6", "/x/python3.14t", "/x/python3.99", "/x/python"])
def test_versions_that_are_tried(tree: Tree, executable: str) -> None:
    tree.process(9, "python app.py", exe=executable)
    preflight(tree)
