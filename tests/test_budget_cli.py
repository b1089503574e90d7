"""`perf budget`: its files, streams and exit codes, with the measurement faked; and the project's own use of it."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import yaml
from msgspec.structs import replace

from perftools import cli
from perftools.budget import check, last, measure, starter
from perftools.budget.candidates import Candidate, candidates
from perftools.budget.file import load
from perftools.budget.report import document
from perftools.cli.budget import checking
from perftools.cli.budget.progress import progress
from perftools.errors import FileError
from tests import budgets as build

ROOT = Path(__file__).parent.parent
FILE = """\
version = 1
[[budget]]
id = "score"
target = "tests/test_speed.py::test_score"
metric = "cpu_time"
max_regression = "5%"
[[budget]]
id = "start"
target = "scoring"
metric = "import_time"
max_regression = "10%"
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder to work in, with a cache of its own, and none of a build server's variables."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("perftools.cli.outcome.program", lambda: "perf")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["budget", *arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def verdicts(project, monkeypatch):
    """Stands for the measurement: gives the verdicts that the test chooses by id, and keeps what it was asked."""
    (project / "perf-budgets.toml").write_text(FILE)
    chosen = SimpleNamespace(of={}, asked={})

    @contextmanager
    def measurer(budgets, root, **asked):
        chosen.asked = {"ids": [budget.id for budget in budgets.budgets], "root": root, **asked}
        yield SimpleNamespace(notes=build.NOTES)

    def checked(budgets, measuring, *, progress):
        progress(f"{budgets.budgets[0].id}: 8 of 32")
        return tuple(replace(chosen.of.get(budget.id, build.verdict()), budget=budget) for budget in budgets.budgets)

    monkeypatch.setattr(measure, "measurer", measurer)
    monkeypatch.setattr(check, "check", checked)
    return chosen


def test_all_pass(run, verdicts, project):
    code, stdout, stderr = run("check")
    assert code == 0
    assert stdout.splitlines()[:3] == [
        "BUDGETS  2 pass",
        f"         {build.NOTES[0]}",
        "score pass: +0.4 % (99 % CI −1.1 % … +1.9 %), budget +5 %; 8 pairs; could detect >= 4 %",
    ]
    assert stderr == "[1/2] score: 8 of 32\n"
    asked = {key: verdicts.asked[key] for key in ("ids", "root", "base", "python")}
    assert asked == {"ids": ["score", "start"], "root": project, "base": None, "python": None}


@pytest.mark.parametrize(
    ("kinds", "fail_on_inconclusive", "code"),
    [
        ((build.verdict, build.waived), True, 0),
        ((build.broken, build.not_measured), False, 1),
        ((build.not_measured, build.inconclusive), True, 3),
        ((build.inconclusive, build.verdict), False, 0),
        ((build.inconclusive, build.verdict), True, 4),
    ],
)
def test_the_exit_code_is_that_of_the_worst(run, verdicts, project, kinds, fail_on_inconclusive, code):
    flag = str(fail_on_inconclusive).lower()
    settings = f"version = 1\nfail_on_inconclusive = {flag}"
    (project / "perf-budgets.toml").write_text(FILE.replace("version = 1", settings))
    verdicts.of = dict(zip(("score", "start"), (kind() for kind in kinds), strict=True))
    assert run("check")[0] == code


def test_what_is_broken_leads_to_its_explanation_which_knows_the_last_check(run, verdicts):
    verdicts.of = {"score": build.broken()}
    code, stdout, _ = run("check", "-q")
    assert code == 1
    assert stdout.startswith("BUDGETS  1 BROKEN, 1 pass\n")
    following = stdout.splitlines()[-1]
    assert following == "NEXT     perf budget explain score  # what it means, how it is measured"
    words = shlex.split(following, comments=True)[2:]
    code, stdout, _ = run(*words[1:])
    assert code == 0
    page = " ".join(stdout.split())
    assert "LAST" in page
    assert "score BROKEN: +9.8 %" in page
    assert "start pass" not in page


def test_each_last_verdict_is_kept_by_itself(run, verdicts, project):
    verdicts.of = {"score": build.broken()}
    run("check", "-q")
    verdicts.of = {}
    run("check", "-q", "--only", "start")
    assert last.last("score", project).verdicts[0].status == "broken"
    assert last.last("start", project).verdicts[0].status == "pass"
    assert last.last("score", project / "elsewhere") is None
    assert "not checked yet" in explained_elsewhere(run, project)


def explained_elsewhere(run, project):
    other = project / "inner"
    other.mkdir()
    (other / "perf-budgets.toml").write_text(FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(other)
        return run("explain", "score")[1]


def test_a_result_from_ci_is_explained_and_what_is_none_is_refused(run, verdicts, project, tmp_path):
    result = tmp_path / "budgets.json"
    verdicts.of = {"score": build.broken()}
    assert run("check", "-q", "--json", str(result))[0] == 1
    shutil.rmtree(tmp_path / "cache")
    assert "BROKEN: +9.8 %" in run("explain", "score", "--result", str(result))[1]
    result.write_text("{}")
    code, _, stderr = run("explain", "score", "--result", str(result))
    assert code == 2
    assert "is no result of a budget check" in stderr


def test_a_cache_that_cannot_be_written_changes_no_verdict(run, verdicts, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    code, stdout, stderr = run("check", "-q")
    assert code == 0
    assert stdout.startswith("BUDGETS")
    assert stderr.startswith("not kept for perf budget explain: ")


def test_budgets_are_found_from_a_folder_below(run, verdicts, project, monkeypatch):
    (project / "tests").mkdir()
    monkeypatch.chdir(project / "tests")
    assert run("check", "-q", "--only", "start", "--base", "v1", "--python", "/opt/python")[0] == 0
    asked = {key: verdicts.asked[key] for key in ("ids", "root", "base", "python")}
    assert asked == {"ids": ["start"], "root": project, "base": "v1", "python": "/opt/python"}


def test_budgets_of_another_repository_are_not_found(run, verdicts, project, monkeypatch):
    (project / "inner" / ".git").mkdir(parents=True)
    monkeypatch.chdir(project / "inner")
    code, _, stderr = run("check")
    assert code == 2
    assert "there are no budgets" in stderr


def test_an_unknown_budget_is_refused_by_name(run, verdicts):
    code, _, stderr = run("check", "--only", "scoer")
    assert code == 2
    assert "there is no budget 'scoer' in perf-budgets.toml; there are: score, start" in stderr
    assert run("explain", "scoer")[0] == 2


def test_an_expired_waiver_ends_the_check_with_its_line(run, verdicts, project):
    waiver = '[[waiver]]\nbudget = "score"\nuntil = 2020-01-31\nreason = "soon"\n'
    (project / "perf-budgets.toml").write_text(FILE + waiver)
    code, stdout, stderr = run("check")
    assert (code, stdout) == (2, "")
    assert re.match(r"error E-FILE: perf-budgets\.toml:14: the waiver of .score. ended on 2020-01-31", stderr)


def test_json_is_all_that_stands_on_stdout(run, verdicts, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    verdicts.of = {"score": build.broken()}
    code, stdout, stderr = run("check", "-q", "--json", "-")
    assert code == 1
    found = document.parse(stdout.encode())
    assert [verdict.status for verdict in found.verdicts] == ["broken", "pass"]
    assert found.exit_code == 1
    assert found.notes == build.NOTES
    assert stderr.startswith("::error file=perf-budgets.toml,line=2,")


def test_errors_are_json_where_stdout_is(run, project):
    code, stdout, stderr = run("check", "--json", "-")
    assert (code, stderr) == (2, "")
    assert json.loads(stdout)["error"]["code"] == "E-FILE"
    code, stdout, stderr = run("check", "--json", "budgets.json")
    assert (code, stdout) == (2, "")
    assert stderr.startswith("error E-FILE: ")


def test_every_file_that_was_asked_for_is_written(run, verdicts, project):
    verdicts.of = {"score": build.broken()}
    code, stdout, _ = run("check", "--json", "b.json", "--markdown", "b.md", "--junit", "b.xml", "--github")
    assert code == 1
    assert document.parse((project / "b.json").read_bytes()).file == "perf-budgets.toml"
    assert (project / "b.md").read_text().startswith("### Performance budgets: 1 BROKEN, 1 pass\n")
    assert '<failure type="broken"' in (project / "b.xml").read_text()
    assert "::error file=perf-budgets.toml,line=2,title=perf budget score::score BROKEN" in stdout


def test_a_file_that_cannot_be_written_is_found_before_the_measurement(run, verdicts, project):
    code, _, stderr = run("check", "--junit", "no/such/folder/b.xml")
    assert code == 2
    assert stderr.startswith("error E-OUTPUT: cannot write no/such/folder/b.xml")
    code, _, stderr = run("check", "--json", str(project))
    assert f"perf budget check --json /tmp/{project.name}\n" in stderr
    assert verdicts.asked == {}


def test_on_github_the_summary_and_the_annotations_come_by_themselves(run, verdicts, project, monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("what was there\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent))
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN"):  # a fork has none that may write
        monkeypatch.delenv(name, raising=False)
    verdicts.of = {"score": build.broken()}
    code, stdout, _ = run("check", "-q")
    assert code == 1
    assert summary.read_text().startswith("what was there\n### Performance budgets: 1 BROKEN, 1 pass\n")
    assert "\n::error file=project/perf-budgets.toml,line=2,title=perf budget score::" in stdout


def test_a_summary_that_cannot_be_written_changes_no_verdict(run, verdicts, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    code, stdout, stderr = run("check", "-q")
    assert (code, stdout[:7]) == (0, "BUDGETS")
    assert stderr == "cannot write the step summary: Is a directory\n"


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_is_one_line_that_goes(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    screen = Screen()
    with progress(["a", "b"], quiet=False, stream=screen) as say:
        say("b: measuring CPU time " + 50 * "x")
        say("the base \x1b[31mis made")
    lines = screen.getvalue().split("\r\x1b[2K")
    assert lines == ["", "[2/2] b: measuring CPU time " + 11 * "x", "the base [31mis made", ""]


def test_an_interrupted_check_leaves_no_half_line(monkeypatch):
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    with suppress(KeyboardInterrupt), progress(["a"], quiet=False, stream=screen) as say:
        say("a: 8 of 32")
        raise KeyboardInterrupt
    assert screen.getvalue().endswith("\x1b[2K")


SPEED = """
import pytest

@pytest.mark.perf_budget(metric="wall_time", max="3ms", max_regression="5%")
def test_score(): ...

@pytest.mark.perf_budget
def test_encode(scope): ...

def test_rank(benchmark, size): ...

def test_plain(): ...

class TestModel:
    def test_score(self, perf_budget): ...
    def helper(self, benchmark): ...
"""
SCRIPT = "import pyperf\nrunner = pyperf.Runner()\nrunner.bench_func('sum', sum, [1])\n"


def test_init_finds_what_can_be_measured_and_writes_a_file_that_loads(run, project):
    (project / "tests").mkdir()
    (project / "tests" / "test_speed.py").write_text(SPEED)
    (project / "bench").mkdir()
    (project / "bench" / "bench_sum.py").write_text(SCRIPT)
    (project / "bench" / "reads_results.py").write_text("import pyperf\npyperf.Benchmark.load('x')\n")
    (project / "test_broken.py").write_text("def test_it(benchmark\n")
    (project / ".hidden").mkdir()
    (project / ".hidden" / "test_speed.py").write_text(SPEED)
    (project / "env").mkdir()
    (project / "env" / "pyvenv.cfg").touch()
    (project / "env" / "test_speed.py").write_text(SPEED)
    code, stdout, stderr = run("init")
    assert (code, stderr) == (0, "")
    assert "wrote perf-budgets.toml: 5 benchmarks" in stdout
    assert stdout.splitlines()[-1].startswith("perf budget check  #")
    budgets = load(None, root=project)
    assert [(each.id, each.target, each.metric, each.max_regression, each.max) for each in budgets.budgets] == [
        ("sum", "bench/bench_sum.py", "cpu_time", 0.05, None),
        ("score", "tests/test_speed.py::test_score", "wall_time", 0.05, 0.003),
        ("encode", "tests/test_speed.py::test_encode", "cpu_time", 0.05, None),
        ("rank", "tests/test_speed.py::test_rank", "cpu_time", 0.05, None),
        ("speed-score", "tests/test_speed.py::TestModel::test_score", "cpu_time", 0.05, None),
    ]


def test_init_overwrites_nothing(run, project):
    (project / "perf-budgets.toml").write_text("mine")
    code, _, stderr = run("init")
    assert code == 2
    assert "is there already, and stays as it is" in stderr
    assert (project / "perf-budgets.toml").read_text() == "mine"
    (project / "perf-budgets.toml").unlink()
    (project / "perf-budgets.toml").symlink_to(project / "elsewhere")
    assert run("init")[0] == 2
    assert not (project / "elsewhere").exists()
    (project / "perf-budgets.toml").unlink()
    (project / "pyproject.toml").write_text("[tool.perftools.budgets]\nversion = 1\n")
    code, _, stderr = run("init")
    assert code == 2
    assert "pyproject.toml holds budgets already" in stderr
    assert not (project / "perf-budgets.toml").exists()


def test_where_nothing_is_found_the_comments_say_how_to_write_one(run, project):
    code, stdout, _ = run("init")
    assert code == 0
    assert "no benchmark found" in stdout
    with pytest.raises(FileError, match="there is no budget: write one"):
        load(None, root=project)


@pytest.mark.parametrize("found", [[], [Candidate("t.py::test_a", "a", {})]])
def test_every_example_in_the_comments_is_valid(project, found):
    lines = starter.text(found).splitlines()
    code = re.compile(r"# (\[\[\w+\]\]|\w+ = .*)")
    uncommented = [match[1] if (match := code.fullmatch(line)) else line for line in lines]
    (project / "perf-budgets.toml").write_text("\n".join(uncommented).replace("2027-01-31", "2999-01-31"))
    budgets = load(None, root=project)
    assert {"p99", "no-new-problem"} <= {budget.id for budget in budgets.budgets}
    assert len(budgets.waivers) == 1


def test_many_or_odd_candidates_make_a_file_that_loads(project):
    odd = ['tests/a "b"\\c.py::test_ä', "x.py::test___", "x.py::test_é", "x.py::test_é"]
    found = [Candidate(target, target.rpartition("test_")[2], {}) for target in odd]
    found += [Candidate(f"x.py::test_{n}", "same", {}) for n in range(60)]
    (project / "perf-budgets.toml").write_text(starter.text(found))
    budgets = load(None, root=project).budgets
    assert len(budgets) == starter.MOST
    assert [budget.target for budget in budgets[:4]] == odd
    assert len({budget.id for budget in budgets}) == starter.MOST
    assert "#     x.py::test_59\n" in starter.text(found)


def test_a_marker_s_limits_are_taken_as_far_as_they_are_text(project):
    text = """
@pytest.mark.perf_budget(metric="nonsense", max=LIMIT, max_regression="1" "0%", other="x")
def test_a(): ...
"""
    (project / "test_a.py").write_text(text)
    assert candidates(project) == [Candidate("test_a.py::test_a", "a", {"max_regression": "10%"})]


# What this project does itself.


def blocks(language: str) -> list[str]:
    page = (ROOT / "docs" / "budgets.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_page_s_example_of_a_budget_file_loads(project):
    (example,) = blocks("toml")
    (project / "perf-budgets.toml").write_text(example.replace("2027-01-31", "2999-01-31"))
    budgets = load(None, root=project)
    assert [budget.id for budget in budgets.budgets] == ["score", "start", "p99"]


def workflows() -> list[str]:
    """GitHub's: ours, and the page's."""
    return [(ROOT / ".github" / "workflows" / "ci.yml").read_text(), blocks("yaml")[0]]


@pytest.mark.parametrize("text", workflows(), ids=["ci.yml", "budgets.md"])
def test_the_workflows_need_no_right_to_write_and_fetch_the_base(text):
    flow = yaml.safe_load(text)
    triggers = flow[True]  # YAML 1.1 reads the key "on" as a truth
    assert "pull_request" in triggers
    assert "pull_request_target" not in text
    assert flow["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    job = flow["jobs"]["budgets"]
    checkout = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["fetch-depth"] == 0
    assert any("perf-budget check" in step.get("run", "") for step in job["steps"])
    for each in flow["jobs"].values():
        assert each["timeout-minutes"] <= 90
        for step in each["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert "${{" not in step.get("run", "")  # nobody's branch name becomes a command


def test_our_workflow_runs_the_whole_build():
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert ".ci/run" in [step.get("run") for step in flow["jobs"]["build"]["steps"]]


def test_the_page_s_gitlab_job_keeps_its_junit_file():
    job = yaml.safe_load(blocks("yaml")[1])["budgets"]
    (command,) = [line for line in job["script"] if "perf-budget" in line]
    assert job["artifacts"]["reports"]["junit"] == shlex.split(command)[shlex.split(command).index("--junit") + 1]
    assert job["variables"]["GIT_DEPTH"] == "0"


def commands() -> list[list[str]]:
    """Every command of ours in the page, its workflows, the manual page and the help texts."""
    texts = [(ROOT / "docs" / "budgets.md").read_text(), (ROOT / ".github" / "workflows" / "ci.yml").read_text()]
    texts.append((ROOT / "share/man/man1/perf-budget.1").read_text().partition(".SH EXAMPLES")[2].replace("\\-", "-"))
    group = cli._verb("budget")
    texts += [group.epilog, *(group.get_command(None, name).epilog or "" for name in ("init", "check", "explain"))]
    found = [
        shlex.split(re.sub(r"\s(\|\||#).*|\s{3,}.*", "", line).replace("ID", "score").replace("FILE", "b.json"))
        for text in texts
        for line in re.findall(r"(?:^|[ /`])perf[- ]budget ((?:init|check|explain)\b[^`\n]*)", text, re.MULTILINE)
    ]
    assert len(found) > 15
    return found


def test_every_command_that_is_written_somewhere_can_be_given():
    group = cli._verb("budget")
    for name, *arguments in commands():
        command = group.get_command(None, name)
        needed = ["score"] if name == "explain" and not arguments else []
        with click.Context(command) as context:
            command.parse_args(context, [*arguments, *needed])


def test_the_page_s_shell_script_is_posix(tmp_path):
    script = next(block for block in blocks("sh") if "set -eu" in block)
    (tmp_path / "jenkins.sh").write_text(script)
    shell = shutil.which("dash") or "sh"
    assert subprocess.run([shell, "-n", tmp_path / "jenkins.sh"], check=False).returncode == 0


def test_our_own_budgets_are_for_things_that_exist():
    budgets = load(None, root=ROOT)
    assert budgets.path == "pyproject.toml"
    assert len(budgets.budgets) >= 3
    known = {candidate.target for candidate in candidates(ROOT / "tests" / "speed")}
    for budget in budgets.budgets:
        if budget.metric == "import_time":
            assert (ROOT / budget.target.replace(".", "/")).is_dir()
        else:
            assert budget.target.removeprefix("tests/speed/") in known
    assert "budgets" in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["perftools"]


def test_the_order_of_the_codes_is_that_of_the_design():
    def code(*kinds):
        return checking.exit_code([kind() for kind in kinds], fail_on_inconclusive=True)

    assert code(build.inconclusive, build.not_measured, build.broken) == 1
    assert code(build.inconclusive, build.not_measured) == 3
    assert code(build.inconclusive) == 4
