"""[tool.perftools]: where it is found, and what is wrong with it, with its line."""

from __future__ import annotations

import datetime
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools import config
from perftools.config.document import line_of
from perftools.errors import FileError, UsageError

RULES = {"gc-pause": {"high_ms": 200.0, "medium_ms": 50.0}, "list-hot-path": {"high": 0.2}}
TODAY = datetime.date(2026, 11, 24)


def loaded(folder: Path, text: str) -> config.Settings:
    (folder / "pyproject.toml").write_text(text)
    return config.load(None, RULES, start=folder, today=TODAY)


GOOD = """[project]
name = "scoring"

[tool.perftools.limits.list-hot-path]
high = 0.3

[[tool.perftools.suppress]]
fingerprint = "0f3c61d2a4b87e95"
reason = "replaced with the new index"
until = 2027-01-31

[[tool.perftools.suppress]]
rule = "gc-pause"
path = "scoring/*.py"
reason = '''
two
lines'''
until = 2026-11-24

[tool.perftools.budgets]
version = 1
anything = [1, 2]
"""


def test_suppressions_and_limits_with_their_places(tmp_path):
    settings = loaded(tmp_path, GOOD)
    assert settings.limits == {"list-hot-path": {"high": 0.3}}
    first, second = settings.suppressions
    assert (first.place, first.fingerprint, first.until) == (
        "pyproject.toml:7", "0f3c61d2a4b87e95", datetime.date(2027, 1, 31),
    )  # fmt: skip
    assert (second.place, second.rule, second.path) == ("pyproject.toml:12", "gc-pause", "scoring/*.py")
    assert settings.notes == ("limits of list-hot-path as set in pyproject.toml:4: high 0.3 instead of 0.2",)
    assert settings.today == TODAY


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[tool.perftools]\nsupress = []", 2, "unknown key 'supress' (did you mean suppress?)"),
        ("[tool.perftools.limits.gc-pawse]\nhigh_ms = 1", 1, "unknown rule 'gc-pawse' (did you mean gc-pause?)"),
        ("\n[tool.perftools.limits]\ngc-pause.high = 1", 3, "has no limit 'high' (did you mean high_ms?)"),
        ("[tool.perftools.limits.gc-pause]\n\nhigh_ms = '1'", 3, "must be a number"),
        ("[tool.perftools.limits.gc-pause]\nhigh_ms = true", 2, "must be a number"),
        ("[tool.perftools.limits.gc-pause]\nhigh_ms = nan", 2, "must be a number"),
        ("[tool.perftools.limits.gc-pause]\nhigh_ms = -1", 2, "must be a number"),
        ("[tool.perftools.limits]\ngc-pause = 3", 2, "must be a table"),
        ("[tool]\nperftools = 3", 2, "tool.perftools must be a table"),
        ("[tool.perftools.suppress]\nrule = 'gc-pause'", 1, "write [[tool.perftools.suppress]]"),
        ("[[tool.perftools.suppress]]\nreason = 'x'\nuntil = 2027-01-31", 1, "names a fingerprint, or a rule and a"),
        ("[[tool.perftools.suppress]]\nrule = 'gc-pause'\nreason = 'x'\nuntil = 2027-01-31", 1, "a rule and a path"),
        ("[[tool.perftools.suppress]]\nfingerprint = 'f'\nrule = 'gc-pause'\npath = '*'", 1, "a rule and a path"),
        ("[[tool.perftools.suppress]]\nfingerprint = 'f'\nuntil = 2027-01-31", 1, "needs its reason"),
        ("[[tool.perftools.suppress]]\nfingerprint = 'f'\nreason = ' '", 3, "reason must be a text"),
        ("[[tool.perftools.suppress]]\nfingerprint = 7\nreason = 'x'", 2, "fingerprint must be a text"),
        ("[[tool.perftools.suppress]]\nfingerprint = 'f'\nreason = 'x'", 1, "needs its until"),
        ("[[tool.perftools.suppress]]\nfingerprint = 'f'\nreason = 'x'\nuntil = '2027-01-31'", 4, "must be a date"),
        ("[[tool.perftools.suppress]]\nfingerprint = 'f'\nreason = 'x'\nuntil = 2027-01-31T00:00:00", 4, "be a date"),
        ("[[tool.perftools.suppress]]\nrule = 'nope'\npath = '*'\n", 2, "unknown rule 'nope'"),
        ("[[tool.perftools.suppress]]\nfingerprint = 'f'\nwhy = 'x'", 3, "unknown key 'why'"),
        ("[tool.perftools]\n\nlimits = {", 3, ""),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, line, says):
    with pytest.raises(FileError) as caught:
        loaded(tmp_path, text)
    assert caught.value.message.startswith(f"pyproject.toml:{line}: ")
    assert says in caught.value.message
    assert caught.value.exit_code == 2


def test_the_nearest_file_with_settings_counts(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.perftools.limits.gc-pause]\nhigh_ms = 300")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'a'")
    (below / "pyproject.toml").write_text("this is = no TOML")
    settings = config.load(None, RULES, start=below)
    assert settings.limits == {"gc-pause": {"high_ms": 300}}
    assert f"{tmp_path}/pyproject.toml:1" in settings.notes[0]
    assert config.load(None, RULES, start=Path("/")) == config.DEFAULT


def test_a_file_that_is_named_must_have_settings(tmp_path):
    path = tmp_path / "other.toml"
    with pytest.raises(FileError, match="cannot read"):
        config.load(str(path), RULES)
    path.write_text("[project]\n")
    with pytest.raises(FileError, match=r"other\.toml:1: there is no table"):
        config.load(str(path), RULES)
    path.write_bytes(b"# \xff")
    with pytest.raises(FileError, match="UTF-8"):
        config.load(str(path), RULES)
    path.write_text("#" * (1 << 20) + "\n")
    with pytest.raises(FileError, match="1 MiB"):
        config.load(str(path), RULES)
    path.unlink()
    os.mkfifo(path)  # which nobody writes to: must not wait
    with pytest.raises(FileError, match="no plain file"):
        config.load(str(path), RULES)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_another_user_s_file_is_not_used_unless_named(tmp_path, monkeypatch):
    text = "[tool.perftools.limits.gc-pause]\nhigh_ms = 300"
    monkeypatch.delenv("SUDO_UID", raising=False)
    (tmp_path / "pyproject.toml").write_text(text)
    os.chown(tmp_path / "pyproject.toml", 4711, 4711)
    settings = config.load(None, RULES, start=tmp_path)
    assert settings.limits == {}
    assert "another user's (uid 4711)" in settings.notes[0]
    assert config.load(str(tmp_path / "pyproject.toml"), RULES).limits
    monkeypatch.setenv("SUDO_UID", "4711")  # whoever called sudo is the user
    assert config.load(None, RULES, start=tmp_path).limits


def test_rules_are_chosen_by_name():
    assert config.choose(RULES) is None
    assert config.choose(RULES, only=["gc-pause"]) == {"gc-pause"}
    assert config.choose(RULES, skip=["gc-pause"]) == {"list-hot-path"}
    assert config.choose(RULES, only=["gc-pause"], skip=["gc-pause"]) == frozenset()
    with pytest.raises(UsageError, match=r"no rule 'gc-pose' \(did you mean gc-pause\?\)"):
        config.choose(RULES, skip=["gc-pose"])
    with pytest.raises(UsageError, match=r"there are gc-pause, list-hot-path"):
        config.choose(RULES, only=["zzz"])


keys = st.text("ab", min_size=1, max_size=2)
values = st.sampled_from(["1", "[1,\n 2,\n]", '"""x\n[a]\n"""', "{a = 1}", "2027-01-31", "'#'"])
lines = st.one_of(
    st.builds("{} = {}".format, keys, values),
    st.builds("[{}]".format, keys),
    st.builds("[[{}]]".format, keys),
    st.sampled_from(["", "# a = 1"]),
)


@given(st.lists(lines, max_size=8), st.booleans())
def test_a_key_s_line_is_where_its_statement_begins(statements, windows):
    text = "\n".join(statements)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    starts = [text[: sum(len(each) + 1 for each in statements[:n])].count("\n") + 1 for n in range(len(statements))]
    for key, value in document.items():
        line = line_of(text.replace("\n", "\r\n") if windows else text, (key,))
        first = next(n for n in range(len(statements)) if key in tomllib.loads("\n".join(statements[: n + 1])))
        assert line == starts[first], (text, key, value)
