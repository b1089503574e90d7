from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from perftools.finding import Clause, Fact, Gain, Ok, ProcessLoad, Unjudged
from perftools.record import Missing, Type
from perftools.report import terminal
from tests import build

NEXT = "perf audit 4711  # again, after the change"
ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def shown(audit=None, diagnosis=None, *, width=100, colour=False, unicode=True, next_commands=(NEXT,)) -> str:
    return terminal.render(
        audit or build.audit(), diagnosis or build.diagnosis(), width=width, colour=colour, unicode=unicode,
        next_commands=next_commands,
    )  # fmt: skip


def first_screen(report: str) -> str:
    return "\n".join(report.splitlines()[:24])


@pytest.mark.parametrize("width", [60, 100])
def test_the_first_screen_holds_verdict_first_finding_and_next_command(width):
    screen = first_screen(shown(width=width))
    joined = " ".join(screen.split())
    assert "VERDICT A Python loop over 50 000 floats takes 38 % of the CPU. [1]" in joined
    assert "NEXT perf audit 4711" in joined
    assert "[1] HIGH list-hot-path 38 % ± 3 of CPU scoring/features.py:90 normalise()" in joined


@pytest.mark.parametrize("width", [60, 100])
def test_so_it_does_with_many_long_clauses(width):
    clauses = tuple(Clause(text=f"Cause {n} " + "of many words " * 9, finding=n) for n in range(1, 10))
    screen = first_screen(shown(diagnosis=build.diagnosis(verdict=clauses), width=width))
    assert "more, below" in screen
    assert "features.py:90" in screen
    assert "NEXT" in screen


@pytest.mark.parametrize("width", [1, 40, 60, 79, 80, 100, 300])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_page(width, unicode):
    lines = shown(width=width, unicode=unicode).splitlines()
    assert max(map(cell_len, lines)) <= max(40, min(width, 100))
    assert not any(line.endswith(" ") for line in lines)


def test_commands_are_not_broken():
    command = "/opt/venv/bin/perftools explain '" + "long name " * 12 + "'"
    report = shown(next_commands=[command + "  # again", "perf audit 1"], width=60)
    assert f"\nNEXT     {command}\n         again\n         perf audit 1\n\n" in report
    assert "\nNEXT     perf audit 4711  again, after the change\n" in shown(width=60)


def test_the_header_says_what_was_watched_and_how_well():
    head = shown().splitlines()[:3]
    assert head == [
        "pid 4711   gunicorn: master [scoring:app]   CPython 3.11.7   scoring-7c9, 2 CPUs   2 workers",
        "watched 20 s under load   4 617 stacks, 0.3 % lost   observer 2.7 % of a core, nothing stopped",
        "code below /srv/app/",
    ]


def test_the_title_has_no_folders():
    cmdline = ("/opt/venv/bin/python", "/opt/venv/bin/gunicorn", "-c", "/etc/conf.py")
    audit = build.audit(target=build.target(processes=(build.process(4711, cmdline=cmdline),)))
    assert "   python gunicorn -c /etc/conf.py   " in shown(audit)


def test_the_header_says_how_the_service_was_found_and_why_the_window_ended():
    audit = build.audit(target=build.target(asked="port 8000"), quality=build.quality(window_s=11.0, ended="gone"))
    report = shown(audit)
    assert "the service of port 8000" in report
    assert "watched 11 s under load, until it ended" in report


def test_a_finding_shows_its_source_with_heat_what_was_seen_why_and_what_to_do():
    report = shown()
    assert re.search(r"^ +27 % ━+ +90 │ for x in rows:$", report, re.MULTILINE)
    assert re.search(r"^ +71 % ━+ +91 │     out.append\(\(x - mean\) / std\)$", report, re.MULTILINE)
    assert re.search(r"^    Seen  rows: list\[float\] of 50 000  212 readings$", report, re.MULTILINE)
    for label in ("Why", "Do", "From"):
        assert re.search(rf"^    {label} ", report, re.MULTILINE)
    assert "Gain" not in report
    assert "line 89" not in report


def test_lines_that_are_left_out_between_two_are_marked():
    text = "def f(rows):\n" + "    pass\n" * 20
    source = build.source(first_line=85, text=text)
    finding = build.finding(heat=((100, 0.6), (90, 0.3)))
    report = shown(build.audit(sources=(source,)), build.diagnosis(findings=(finding,)))
    assert report.count("⋮") == 1


def test_a_gain_is_printed_where_there_is_one():
    gain = Gain(of="cpu", low=0.34, high=0.42, basis="timed on this machine")
    report = shown(diagnosis=build.diagnosis(findings=(build.finding(gain=gain),)))
    assert "Gain  34–42 % less CPU: timed on this machine" in report


def test_without_source_the_lines_keep_their_heat():
    report = shown(build.audit(sources=()))
    assert re.search(r"^ +71 % ━+ +91 │$", report, re.MULTILINE)


def test_a_finding_without_a_place_or_a_share_is_still_one():
    finding = build.finding(where=None, share=None, heat=(), facts=(), evidence=(), entry=None)
    report = shown(diagnosis=build.diagnosis(findings=(finding,)))
    assert "[1] HIGH  list-hot-path\n    A Python loop" in report


def test_one_finding_has_one_number():
    report = shown()
    assert len(re.findall(r"^\[1\] HIGH", report, re.MULTILINE)) == 1
    assert len(re.findall(r"^\[2\] MEDIUM", report, re.MULTILINE)) == 1
    assert re.search(r"^\[1\] +27 % ± 2 .* scoring/features.py:91 normalise\(\)$", report, re.MULTILINE)
    assert re.search(r"^\[2\] +14 % ± 2 .* scoring/api.py:52 Scorer.table\(\)$", report, re.MULTILINE)
    assert re.search(r"^ +9 % ± 2 .* scoring/api.py:64 Scorer.rank\(\)$", report, re.MULTILINE)


def test_doubt_is_said():
    finding = build.finding(share=build.share(0.054, 0.025, 0.11, few=True), severity="low")
    assert "5.4 % (2.5–11) of CPU, too few to tell" in shown(diagnosis=build.diagnosis(findings=(finding,)))


def test_shares_of_gil_held_time_are_called_so():
    finding = build.finding(share=build.share(0.38, 0.35, 0.41, of="gil"), evidence=())
    report = shown(diagnosis=build.diagnosis(findings=(finding,), time=build.time_table(of="gil")))
    assert "38 % ± 3 of GIL-held time" in report
    assert "Shares are of the service's GIL-held time" in report
    assert "of CPU" not in report


def test_where_the_time_goes_drops_columns_that_say_nothing():
    rows = tuple(replace(row, running=None, native=None, waiting=0.0) for row in build.time_table().lines)
    time = build.time_table(lines=rows, functions=(), running=None, native=None)
    report = shown(diagnosis=build.diagnosis(time=time))
    assert re.search(r"of CPU  lines$", report, re.MULTILINE)
    assert "196 % of a core used: 7 % not seen" in report
    narrow = shown(diagnosis=build.diagnosis(time=time), width=60)
    lines = narrow.partition("lines, share")[2].partition("Shares are")[0].rstrip().splitlines()
    assert all(line.strip() for line in lines), "no empty line where there are no parts"


def test_without_findings_the_lines_stand_first():
    report = shown(diagnosis=build.healthy())
    assert "scoring/features.py:91 normalise()" in first_screen(report)
    assert "VERDICT  Nothing stands out" in report
    assert "ok    list-hot-path: no loop over numbers takes 5 % of the CPU" in report


def test_an_idle_service_and_missing_stacks_are_said_first():
    idle = shown(*build.idle())
    assert "not loaded, extended" in idle
    assert "VERDICT  Not loaded: 12 busy samples in 40 s." in idle
    reason = "n/a   list-hot-path, pandas-hot-path: idle, not loaded: 12 busy samples in 40 s (E-IDLE)\n"
    assert f"{reason}      audit again" in idle
    assert "WHERE THE TIME GOES\n    0.3 % of a core used: too idle for its lines to mean anything\n" in idle
    assert "frame.py:778" not in idle and "WORKERS" not in idle
    stackless = shown(*build.stackless())
    assert "no stacks" in stackless
    assert "VERDICT  Stacks could not be read: the sampler may not read pid 4712." in stackless


def test_a_reason_of_its_own_for_missing_times_is_given():
    missing = Missing(code="X", reason="no round was long enough")
    report = shown(diagnosis=build.diagnosis(time=missing))
    assert "WHERE THE TIME GOES\n    no round was long enough" in report


def test_notes_and_warnings_come_last():
    audit = build.audit(quality=build.quality(warnings=("1 % of the stacks were torn and repaired",)))
    report = shown(audit, build.diagnosis(notes=("seen only in the first half: json",)))
    assert report.endswith("note  seen only in the first half: json\n      1 % of the stacks were torn and repaired\n")


def test_workers_are_listed_where_there_are_several():
    assert re.search(r"^    4713 +97 % +2 217  scoring/features.py:91 normalise\(\)$", shown(), re.MULTILINE)
    assert "scoring/features.py:91\n" in shown(width=60)
    one = build.diagnosis(processes=build.diagnosis().processes[:1])
    assert "WORKERS" not in shown(diagnosis=one)
    many = tuple(ProcessLoad(pid=n, cpu_percent=1.0, samples=1, top=None) for n in range(1, 41))
    assert "and 28 more" in shown(diagnosis=build.diagnosis(processes=many))


def test_paths_are_short_but_can_be_found():
    report = shown()
    assert "code below /srv/app/" in report
    assert "…/pandas/core/frame.py:778 DataFrame.__init__()" in report
    finding = build.finding(where=build.where(3, file="/elsewhere/jobs/" + "deep/" * 12 + "main.py"), entry=None)
    far = shown(diagnosis=build.diagnosis(findings=(finding, build.pandas_finding())), width=60)
    assert "/elsewhere/jobs/deep/deep" in far
    assert "main.py:3" in far.replace("\n    ", "")


def test_colour_is_for_severity_alone_and_comes_only_if_asked():
    plain = shown()
    assert "\x1b" not in plain
    coloured = shown(colour=True)
    assert ESCAPE.sub("", coloured) == plain
    colours = {code for code in ESCAPE.findall(coloured) if re.search(r"\b3\d|\b9\d", code)}
    assert colours == {"\x1b[1;31m", "\x1b[1;33m"}


def test_ascii_only():
    report = shown(unicode=False)
    assert report.isascii()
    assert "38 % +- 3 of CPU" in report
    accented = build.finding(where=build.where(function="größe"))
    assert "gr\\xf6\\xdfe()" in shown(diagnosis=build.diagnosis(findings=(accented,)), unicode=False)


def test_markup_of_the_data_is_text():
    finding = build.finding(title="[red]x[/red] :boom: [link=http://x]y[/link]")
    report = shown(diagnosis=build.diagnosis(findings=(finding,)), colour=True)
    assert "[red]x[/red] :boom: [link=http://x]y[/link]" in report


hostile = st.text(
    st.sampled_from("ab[/]\x1b\x07\r\n\t\x9b\u202e\u200b\ud800\ue000行é\u0301🙂%:. ") | st.characters(), max_size=60
)


@settings(max_examples=50, deadline=None)
@given(text=hostile, width=st.integers(40, 100))
def test_hostile_text_of_the_target_changes_nothing_but_words(text, width):
    audit = build.audit(
        target=build.target(
            processes=(build.process(4711, cmdline=(text, text), python=text),), container=text, asked=text
        ),
        sources=(build.source(text=text + "\n" + text, file="/" + text, first_line=90),),
        quality=build.quality(warnings=(text,)),
    )
    place = build.where(90, file="/" + text, function=text)
    finding = build.finding(
        title=text, where=place, entry=place, evidence=(text,), why=text, todo=text,
        facts=(Fact(name=text, type=Type(name=text, fields=((text, Type(name=text)),)), sizes=(), observations=1),),
    )  # fmt: skip
    diagnosis = build.diagnosis(
        verdict=(Clause(text=text, finding=1),), findings=(finding,), notes=(text,),
        checked_ok=(Ok(rule=text, says=text),),
        not_checked=(Unjudged(rule=text, missing=Missing(code=text, reason=text, remedy=text)),),
        time=build.time_table(lines=(build.time_line(place, 0.4, 0.3, 0.1, does=text),)),
    )  # fmt: skip
    report = shown(audit, diagnosis, width=width)
    assert not any(unicodedata.category(char)[0] == "C" for char in report.replace("\n", ""))
    assert max(map(cell_len, report.splitlines())) <= width
    assert re.search(r"^\[1\] HIGH  list-hot-path ", report, re.MULTILINE)
