"""The last ten audits: kept for their owner alone, and never where somebody else has led us."""

from __future__ import annotations

import errno
import os
import pwd
import re
import stat
from pathlib import Path

import pytest

from perftools import record
from perftools.cli import history
from tests import build
from tests.test_cli import run, stages

__all__ = ["run", "stages"]

SECOND_NS = 1_000_000_000


def audit(number: int = 0) -> record.Audit:
    return build.audit(quality=build.quality(start_unix_ns=1_795_528_934_000_000_000 + number * SECOND_NS))


@pytest.fixture
def state(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SUDO_UID", raising=False)
    return tmp_path / "state" / "perftools"


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_an_audit_is_kept_for_its_owner_alone(state):
    path = history.keep(audit())
    assert Path(path) == state / "audit-20261124T140214.000000Z-4711.json"
    assert (mode(path), mode(state), mode(state.parent)) == (0o600, 0o700, 0o700)
    assert record.decode(Path(path).read_bytes()) == audit()
    assert history.kept() == [path]


def test_the_last_ten_stay_and_foreign_files_too(state):
    state.mkdir(parents=True, mode=0o755)
    (state / "notes.txt").touch()
    paths = [history.keep(audit(number)) for number in range(12)]
    assert history.kept() == paths[:1:-1]
    assert len(history.kept()) == history.KEPT
    assert (state / "notes.txt").exists()
    assert mode(state) == 0o700


@pytest.mark.parametrize("home", ["set", "unset"])
def test_where_it_is(monkeypatch, tmp_path, home):
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    if home == "set":
        monkeypatch.setenv("HOME", str(tmp_path))
    else:
        monkeypatch.delenv("HOME")
        monkeypatch.setattr(pwd, "getpwuid", lambda uid: pwd.struct_passwd(("", "", uid, 0, "", str(tmp_path), "")))
    assert history.folder() == f"{tmp_path}/.local/state/perftools"


def test_under_sudo_it_is_root_s_own_whatever_the_caller_s_environment_says(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: pwd.struct_passwd(("", "", uid, 0, "", "/root-s", "")))
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history.folder() == "/root-s/.local/state/perftools"


def test_a_user_without_a_home_has_no_history(monkeypatch):
    def nobody(uid):
        raise KeyError(uid)

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(OSError, match="no home folder"):
        history.keep(audit())


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")


@needs_root
@pytest.mark.parametrize("what", ["link to the folder", "link above it", "folder", "folder above it"])
def test_what_another_user_has_put_there_is_not_followed(state, tmp_path, what):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    there = state if what in ("link to the folder", "folder") else state.parent
    there.parent.mkdir(exist_ok=True)
    if what.startswith("link"):
        there.symlink_to(elsewhere)
    else:
        there.mkdir(mode=0o700)
    os.chown(there, 4711, 4711, follow_symlinks=False)
    with pytest.raises(PermissionError):
        history.keep(audit())
    assert list(elsewhere.iterdir()) == []
    assert list(tmp_path.rglob("*.json")) == []


def test_a_folder_in_which_others_could_replace_ours_is_not_used(state):
    state.parent.mkdir()
    state.parent.chmod(0o777)
    with pytest.raises(PermissionError, match="another user could"):
        history.keep(audit())
    state.parent.chmod(0o1777)
    history.keep(audit())


def test_a_link_of_our_own_is_followed(state, tmp_path):
    (tmp_path / "disk").mkdir()
    state.parent.symlink_to(tmp_path / "disk")
    history.keep(audit())
    assert [path.suffix for path in (tmp_path / "disk" / "perftools").iterdir()] == [".json"]


def test_a_full_disk_leaves_nothing_half_written(state, monkeypatch):
    first = history.keep(audit())

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        history.keep(audit(1))
    assert [str(path) for path in state.iterdir()] == [first]


def test_what_a_killed_audit_left_goes_with_the_next(state):
    history.keep(audit())
    old, new = state / "audit-1.json.part", state / "audit-2.json.part"
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))
    history.keep(audit(1))
    assert not old.exists()
    assert new.exists()  # of an audit that ends just now


def test_every_audit_says_where_it_is_kept_and_last_shows_it_again(run, stages, state):
    code, _, stderr = run("audit", "4711")
    (path,) = history.kept()
    assert code == 0
    assert re.search(rf"^kept as {re.escape(path)}: \S.* explain --last$", stderr, re.MULTILINE)
    stages.audit = audit(60)
    run("audit", "4711", "-q")
    latest, before = history.kept()
    assert before == path
    for arguments, shown in ((["--last"], latest), (["--last", "1"], latest), (["--last", "2"], before)):
        code, stdout, _ = run("explain", *arguments)
        assert code == 0
        assert f"explain {shown} --json" in stdout
        assert "[1] HIGH  list-hot-path" in stdout
    code, _, stderr = run("explain", "--last", "3")
    assert code == 2
    assert f"2 audits are kept in {state}" in stderr


def test_quiet_says_nothing_and_no_save_keeps_nothing(run, state):
    assert run("audit", "4711", "--no-save")[2].count("kept") == 0
    assert not state.exists()
    assert run("audit", "4711", "-q")[2] == ""
    assert len(history.kept()) == 1


def test_without_source_none_is_kept(run, state):
    line = "out.append((x - mean) / std)"
    run("audit", "4711", "-q", "--no-source")
    (path,) = history.kept()
    assert line not in Path(path).read_text()


def test_where_nothing_can_be_kept_one_line_says_so_and_the_report_stands(run, state):
    state.parent.mkdir()
    state.touch()
    code, stdout, stderr = run("audit", "4711", "-q")
    assert code == 0
    assert "[1] HIGH" in stdout
    assert stderr == f"not kept: Not a directory: {state} (--no-save does without)\n"


def test_without_any_audit_last_says_so(run, state):
    code, _, stderr = run("explain", "--last")
    assert code == 2
    assert "error E-FILE: 0 audits are kept in" in stderr
    assert run("explain", "--last", "11")[0] == 2
