"""The command line with the stages faked: arguments, streams and exit codes; and what it imports."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import types
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from msgspec.structs import replace

import perftools
from perftools import api as real_api
from perftools import cli, errors, record, shim
from perftools.cli import files, history, outcome
from perftools.cli import output as out
from perftools.cli.progress import Renewed, progress
from perftools.finding import SEVERITIES, Diagnosis
from perftools.record import Audit
from tests import build

HEAVY = {"numpy", "libcst", "rich", "msgspec", "psutil", "memray", "elftools"}


class Stages:
    """Stands for api and target: records what it was asked, gives what the test chose."""

    def __init__(self) -> None:
        self.audit: Audit = build.audit()
        self.diagnosis: Diagnosis = build.diagnosis()
        self.error: Exception | None = None
        self.asked: dict = {}

    def find(self, **asked):
        self.asked |= asked
        if self.error:
            raise self.error
        return build.target()

    def run(self, target, **asked):
        self.asked |= asked
        asked["progress"](elapsed_s=20.0, planned_s=20.0, stacks=4617, cpu_percent=196.0, note="")
        return self.audit


@pytest.fixture
def stages(monkeypatch):
    stages = Stages()
    api = types.ModuleType("perftools.api")
    api.audit = stages.run
    api.settings = real_api.settings
    api.diagnose = lambda audit, settings=None: stages.diagnosis
    api.without_source = real_api.without_source
    api.save = lambda audit, path: Path(path).write_bytes(record.encode(audit))
    api.load = lambda path: record.decode(Path(path).read_bytes())
    monkeypatch.setitem(sys.modules, "perftools.api", api)
    monkeypatch.setattr(perftools, "api", api, raising=False)
    monkeypatch.setattr("perftools.target.find", stages.find)
    monkeypatch.setattr("perftools.target.preflight", lambda target: None)
    monkeypatch.setattr(sys, "argv", ["/opt/venv/bin/perftools"])
    return stages


@pytest.fixture
def run(stages, capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        return code, *capsys.readouterr()

    return run


def test_an_audit_prints_its_report_on_stdout_and_its_progress_on_stderr(run, stages):
    code, stdout, stderr = run("audit", "4711")
    assert code == 0
    assert stdout.startswith("pid 4711   gunicorn: master [scoring:app]")
    assert "[1] HIGH  list-hot-path" in stdout
    *progress, kept = stderr.splitlines()
    assert progress == [
        "watching pid 4711, 2 workers: nonblocking sampling at up to 100 Hz, no code runs in the target",
        "watched 20 s",
    ]
    assert kept.startswith("kept as ")
    assert (stages.asked["pid"], stages.asked["window_s"]) == (4711, None)


def test_the_options_reach_the_stages(run, stages):
    _, _, stderr = run("audit", "--port", "8000", "--this-process", "--window", "60", "--no-source", "-q")
    assert stderr == ""
    wanted = {"pid": None, "port": 8000, "name": None, "this_process": True, "window_s": 60.0}
    assert {key: stages.asked[key] for key in wanted} == wanted


def test_without_source_the_diagnosis_stays_and_no_text_is_kept_or_printed(run, tmp_path):
    saved = tmp_path / "a.json"
    _, with_source, _ = run("audit", "4711", "-q")
    _, stdout, _ = run("audit", "4711", "--no-source", "-q", "-o", str(saved))
    line = "out.append((x - mean) / std)"
    assert line in with_source
    assert "[1] HIGH  list-hot-path" in stdout
    assert line not in stdout + saved.read_text()


def test_json_is_all_that_stands_on_stdout(run):
    code, stdout, _ = run("audit", "4711", "--json")
    assert code == 0
    assert json.loads(stdout)["findings"][0]["rule"] == "list-hot-path"


@pytest.mark.parametrize(("level", "code"), [("never", 0), ("info", 1), ("low", 1), ("medium", 1), ("high", 0)])
def test_fail_on_decides_from_which_severity_on_the_exit_code_is_1(run, stages, level, code):
    stages.diagnosis = build.diagnosis(findings=(build.pandas_finding(severity="medium"),))
    assert run("audit", "4711", "--fail-on", level)[0] == code
    assert set(SEVERITIES) < {"info", "low", "medium", "high", "never"}


def test_an_idle_service_is_4_missing_stacks_are_3_and_both_print_their_report(run, stages):
    stages.audit, stages.diagnosis = build.idle()
    code, stdout, _ = run("audit", "4711")
    assert code == 4
    assert "Not loaded: 12 busy samples in 40 s" in stdout
    assert "audit 4711 --window 60" in stdout
    assert "once it serves requests" in stdout
    stages.audit, stages.diagnosis = build.stackless()
    code, stdout, _ = run("audit", "4711")
    assert code == 3
    assert "Stacks could not be read" in stdout


def test_a_saved_audit_is_explained_like_the_first_time(run, stages, tmp_path):
    path = tmp_path / "audit.json"
    _, first, _ = run("audit", "4711", "-o", str(path))
    assert f"explain {path}" in first
    code, again, stderr = run("explain", str(path))
    assert (code, stderr) == (0, "")
    assert [line for line in again.splitlines() if "list-hot-path" in line] == [
        line for line in first.splitlines() if "list-hot-path" in line
    ]
    assert f"explain {path} --json\n" in again
    assert json.loads(run("explain", str(path), "--json")[1])["schema"] == "perftools.report/1"
    assert run("explain", str(path), "--fail-on", "high")[0] == 1


def test_an_error_is_text_on_stderr_or_a_document_on_stdout(run, stages):
    stages.error = errors.NoProcess("no process 4711", looked_at={"pid": 4711}, commands=("perf audit 4733",))
    assert run("audit", "4711") == (3, "", "error E-NOPID: no process 4711\n  pid 4711\n  run:  perf audit 4733\n")
    code, stdout, stderr = run("audit", "4711", "--json")
    assert (code, stderr) == (3, "")
    assert json.loads(stdout)["error"]["code"] == "E-NOPID"


def test_wrong_usage_is_2_in_both_forms(run):
    code, stdout, stderr = run("audit", "4711", "--frobnicate")
    assert (code, stdout) == (2, "")
    assert "No such option" in stderr
    code, stdout, _ = run("audit", "--window", "soon", "4711", "--json")
    assert code == 2
    assert json.loads(stdout)["error"]["code"] == "E-USAGE"


@pytest.mark.parametrize("length", ["0.5", "nan", "inf", "3601", "-8"])
def test_a_window_is_of_some_length(run, length):
    assert run("audit", "4711", "--window", length)[0] == 2


def test_an_unexpected_error_is_one_line_and_how_to_see_more(run, stages, monkeypatch):
    stages.error = ZeroDivisionError("division by zero")
    code, stdout, stderr = run("audit", "4711")
    assert (code, stdout) == (3, "")
    assert stderr.splitlines() == [
        "error E-INTERNAL: ZeroDivisionError: division by zero",
        "  run:  PERFTOOLS_DEBUG=1 perftools audit 4711  # shows where",
    ]
    monkeypatch.setenv("PERFTOOLS_DEBUG", "1")
    code, _, stderr = run("audit", "4711")
    assert code == 3
    assert "Traceback" in stderr


def test_a_second_interrupt_is_130(run, stages):
    stages.error = KeyboardInterrupt()
    code, stdout, _ = run("audit", "4711")
    assert (code, stdout) == (130, "")


def test_an_output_that_cannot_be_written_is_found_before_the_window(run, stages, tmp_path):
    code, _, stderr = run("audit", "4711", "-o", str(tmp_path / "missing" / "audit.json"))
    assert code == 2
    assert stderr.startswith("error E-OUTPUT: cannot write ")
    assert f"  run:  mkdir -p {tmp_path / 'missing'}\n" in stderr
    code, _, stderr = run("audit", "4711", "-o", str(tmp_path))
    assert code == 2
    assert f"audit 4711 -o {tempfile.gettempdir()}/{tmp_path.name}\n" in stderr
    assert stages.asked == {}


def test_a_report_is_printed_even_if_saving_fails_in_the_end(run, monkeypatch, tmp_path):
    def full(audit, path):
        raise errors.OutputUnwritable("cannot write audit.json: No space left on device")

    monkeypatch.setattr(perftools.api, "save", full)
    code, stdout, stderr = run("audit", "4711", "-o", str(tmp_path / "audit.json"))
    assert code == 2
    assert "[1] HIGH" in stdout
    assert "explain" not in stdout
    assert "error E-OUTPUT" in stderr


def test_what_may_be_written_and_what_may_not(tmp_path):
    (tmp_path / "old.json").write_text("old")
    for name in ("new.json", "old.json"):
        files.check_writable(str(tmp_path / name), again="perf audit 4711")
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    (tmp_path / "link.json").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "link.json", tmp_path / "pipe", "/dev/null", "/proc/audit.json"):
        with pytest.raises(errors.OutputUnwritable):
            files.check_writable(str(path), again="perf audit 4711")


def test_a_stranger_s_file_in_a_sticky_folder_may_not_be_replaced():
    folder = os.stat_result((stat.S_IFDIR | 0o1777, 0, 0, 0, 99, 0, 0, 0, 0, 0))
    stranger = os.stat_result((stat.S_IFREG | 0o644, 0, 0, 0, 98, 0, 0, 0, 0, 0))
    assert files.may_replace(stranger, folder, user=98)
    assert files.may_replace(stranger, folder, user=99)
    assert files.may_replace(stranger, folder, user=0)
    assert not files.may_replace(stranger, folder, user=97)


def test_after_an_audit_one_command_says_how_to_go_on():
    def after(diagnosis: Diagnosis, saved: str | None = None) -> list[str]:
        commands = outcome.next_commands(build.audit(), diagnosis, target=["--name", "my app"], saved=saved)
        return [command.partition(" audit ")[2] or command for command in commands]

    assert after(build.diagnosis()) == ["--name 'my app'  # again, after the change"]
    (named_by_pid,) = outcome.next_commands(build.audit(), build.diagnosis(), target=["4711"], saved=None)
    assert named_by_pid.endswith(" audit 4711  # again, after the change, with its new pid")
    ended = build.audit(quality=build.quality(ended="gone"))
    (gone,) = outcome.next_commands(ended, build.diagnosis(), target=["4711"], saved=None)
    assert gone.endswith(" audit  # lists the services that run here; this one has ended")
    few = build.finding(share=build.share(0.054, 0.025, 0.11, few=True))
    assert after(build.diagnosis(findings=(build.finding(), few))) == [
        "--name 'my app' --window 60  # long enough to tell about [2]"
    ]
    assert after(build.healthy()) == ["--name 'my app' --window 60  # a longer look"]
    assert after(build.diagnosis(), saved="my audit.json")[1].endswith(
        " explain 'my audit.json'  # this report again, anywhere"
    )


def printed_commands(text: str) -> list[list[str]]:
    """What follows "perf" in every example of a help or manual page."""
    lines = (line.strip().replace("\\-", "-") for line in text.splitlines())
    words = [shlex.split(line.partition("  ")[0]) for line in lines if re.match(r"perf (audit|explain|demo)\b", line)]
    assert words
    return [line[1:] for line in words]


@pytest.mark.parametrize("verb", ["audit", "explain", "demo"])
def test_every_command_that_is_printed_runs(run, stages, monkeypatch, tmp_path, verb):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(outcome, "program", lambda: "perf")
    (tmp_path / "audit.json").write_bytes(record.encode(stages.audit))
    service = types.SimpleNamespace(pid=4711, rate_hz=40.0)
    monkeypatch.setattr("perftools.demo.service_under_load", lambda seconds: nullcontext(service))
    page = Path(shim.__file__).parent.parent / f"share/man/man1/perf-{verb}.1"
    examples = page.read_text().partition(".SH EXAMPLES")[2]
    shown = printed_commands(run(verb, "--help")[1]) + (printed_commands(examples) if examples else [])
    for diagnosis in (build.diagnosis(), build.healthy(), build.idle()[1]):
        shown += [
            shlex.split(command, comments=True)[1:]
            for command in outcome.next_commands(
                build.audit(), diagnosis, target=["--name", "my app"], saved="audit.json"
            )
        ]
    for earlier in range(2):  # for --last 2
        history.keep(build.audit(quality=build.quality(start_unix_ns=earlier)))
    (tmp_path / "other.toml").write_text("[tool.perftools]\n")
    for arguments in shown:
        code, _, stderr = run(*arguments)
        assert code in ({2} if arguments == ["audit"] else {0, 1}), (arguments, stderr)


def test_printed_commands_reach_our_program(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "bin" / "perftools")])
    (tmp_path / "bin").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/other:{tmp_path}/bin")
    for name in ("bin/perftools", "bin/perf"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert outcome.program() == "perf"
    (tmp_path / "other" / "perf").symlink_to("/bin/true")
    assert outcome.program() == "perftools"
    monkeypatch.setenv("PATH", f"{tmp_path}/other")
    assert outcome.program().startswith("/") or " -m perftools" in outcome.program()


class Screen(io.StringIO):
    """A terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_colour_follows_the_terminal_and_the_environment(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert out.coloured(Screen(), "auto")
    assert not out.coloured(io.StringIO(), "auto")
    assert out.coloured(io.StringIO(), "always")
    assert not out.coloured(Screen(), "never")
    monkeypatch.setenv("TERM", "dumb")
    assert not out.coloured(Screen(), "auto")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not out.coloured(Screen(), "auto")


def test_a_pipe_is_as_wide_as_the_environment_says(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, run("audit", "4711")[1].splitlines())) <= 60
    monkeypatch.delenv("COLUMNS")
    assert 60 < max(map(len, run("audit", "4711")[1].splitlines())) <= 100


def test_without_utf_8_the_report_is_ascii():
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert not out.unicode(latin)
    assert out.unicode(io.TextIOWrapper(io.BytesIO(), encoding="UTF8"))


def test_progress_on_a_terminal_is_one_line_that_goes(monkeypatch):
    monkeypatch.setattr("perftools.cli.progress.EVERY_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    screen = Screen()
    with progress(build.target(), 20.0, quiet=False, stream=screen) as shown:
        assert isinstance(shown, Renewed)
        shown(elapsed_s=1.0, planned_s=20.0, stacks=1874, cpu_percent=196.4, note="")
        first = screen.getvalue()
        shown(elapsed_s=2.0, planned_s=20.0, stacks=1999, cpu_percent=None, note="no \x1b[31mload")
    assert first.startswith("watching pid 4711, 2 workers for 20 s: nonblocking sampling at up to 100 Hz")
    assert all(said in first for said in ("1/20 s", "1 874 stacks", "CPU 196 %", "(Ctrl-C: report now)"))
    assert "no [31mload" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")


def test_progress_is_drawn_at_most_four_times_a_second():
    screen = Screen()
    with progress(build.target(), None, quiet=False, stream=screen) as shown:
        for step in range(50):
            shown(elapsed_s=step * 0.04, planned_s=20.0, stacks=step, cpu_percent=None)
    assert screen.getvalue().count("watching pid 4711 ") <= 3


@contextmanager
def default_signals():
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        for number in kept:
            signal.signal(number, signal.SIG_DFL)
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminated_it_still_cleans_up(stages, number):
    cleaned = []

    def window(target, **asked):
        try:
            os.kill(os.getpid(), number)
            threading.Event().wait(5)
        finally:
            cleaned.append(True)

    perftools.api.audit = window
    with default_signals(), pytest.raises(SystemExit) as ended:
        cli.main(["audit", "4711", "-q"])
    assert ended.value.code == 128 + number
    assert cleaned == [True]


def python(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60, **options
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([verb, "--help"] for verb in cli.VERBS)])
def test_help_imports_nothing_heavy(arguments):
    code = f"""
import sys
sys.argv = ["perftools", *{arguments!r}]
from perftools.cli import main
code = main()
print(code, *sorted(sys.modules), file=sys.stderr)
"""
    done = python("-c", code)
    code, *modules = done.stderr.split()
    assert code == "0"
    assert done.stdout
    assert not {module.partition(".")[0] for module in modules} & HEAVY


def test_the_verbs_are_those_that_the_shim_claims():
    assert cli.VERBS == shim.VERBS


@pytest.mark.parametrize(
    ("entry", "verb"),
    [("audit_main", "audit"), ("explain_main", "explain"), ("budget_main", "budget"), ("demo_main", "demo")],
)
def test_linux_perf_finds_the_verbs_as_scripts(monkeypatch, capsys, entry, verb):
    monkeypatch.setattr(sys, "argv", [f"/opt/venv/bin/perf-{verb}", "--help"])
    assert getattr(cli, entry)() == 0
    assert capsys.readouterr().out.startswith(f"Usage: perf {verb} ")


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from perftools import cli
from perftools.cli import output
from tests import build
import perftools.cli.explain
def command(*arguments, **options):
    for _ in range(1000):
        output.answer(build.audit(), build.diagnosis(), as_json=False)
cli.perftools.get_command(None, "explain").callback = command
sys.exit(cli.main(["explain", "x"]))
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout and child.stderr
    child.stdout.readline()
    child.stdout.close()
    said = child.stderr.read()
    child.stderr.close()
    assert (child.wait(30), said) == (141, b"")


def test_tab_completion_knows_the_verbs():
    environment = {
        **os.environ, "_PERFTOOLS_COMPLETE": "bash_complete", "COMP_WORDS": "perftools au", "COMP_CWORD": "1",
    }  # fmt: skip
    code = "import sys; sys.argv = ['perftools']; from perftools.cli import main; main()"
    assert python("-c", code, env=environment).stdout.strip() == "plain,audit"


def test_a_share_of_few_samples_is_no_alarm_by_itself(run, stages):
    stages.diagnosis = replace(build.healthy(), notes=("seen only in the first half",))
    assert run("audit", "4711", "--fail-on", "info")[0] == 0


def test_memory_is_asked_for_by_name_and_announced_with_q_too(run, stages, monkeypatch):
    run("audit", "4711", "-q")
    assert stages.asked["memory_s"] is None

    def telling(target, **asked):
        asked["tell"]("memray \x1b[31mis let in")
        return stages.run(target, **asked)

    monkeypatch.setattr(perftools.api, "audit", telling)
    _, _, stderr = run("audit", "4711", "--memory", "-q", "--no-save")
    assert stderr == "memray [31mis let in\n"
    _, _, stderr = run("audit", "4711", "--memory", "--no-save")
    assert "then memray runs in one worker for 5 s" in stderr
    assert "no code runs" not in stderr
