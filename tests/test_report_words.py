from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from perftools.finding import Clause, Estimate, Fact, Measure
from perftools.record import Type
from perftools.report import words
from tests import build


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.38, 0.35, 0.41, "38 % ± 3"),
        (0.38, 0.362, 0.398, "38 % ± 2"),
        (0.38, 0.376, 0.384, "38 % ± 0.4"),
        (0.054, 0.046, 0.062, "5.4 % ± 0.8"),
        (0.054, 0.034, 0.074, "5 % ± 2"),
        (0.054, 0.025, 0.11, "5.4 % (2.5–11)"),
        (0.99, 0.94, 1.0, "99 % (94–100)"),
        (0.0, 0.0, 0.0, "0 %"),
    ],
)
def test_a_share_is_as_precise_as_its_interval(value, low, high, said):
    assert words.plain(words.interval(build.share(value, low, high))) == said


def test_a_share_says_what_it_is_of_and_how_sure_it_is():
    shares = [
        build.share(0.38, 0.35, 0.41),
        build.share(0.38, 0.35, 0.41, of="gil"),
        build.share(0.061, 0.061, 0.061, of="wall", counted=True),
        build.share(0.054, 0.025, 0.11, few=True),
    ]
    assert [words.plain(words.share(share)) for share in shares] == [
        "38 % ± 3 of CPU",
        "38 % ± 3 of GIL-held time",
        "6.1 % of wall time, counted",
        "5.4 % (2.5–11) of CPU, too few to tell",
    ]


@pytest.mark.parametrize(
    ("fraction", "said", "rough"),
    [(0.384, "38 %", "38 %"), (0.054, "5.4 %", "5 %"), (0.003, "0.3 %", "<1 %"), (0.0001, "< 0.1 %", "<1 %"),
     (0.0, "0 %", ""), (1.0, "100 %", "100 %")],
)  # fmt: skip
def test_percentages(fraction, said, rough):
    assert words.plain(words.percent(fraction)) == said
    assert words.plain(words.rough(fraction)) == rough


def test_seconds():
    assert [words.plain(words.seconds(value)) for value in (20.04, 6.02, 0.25)] == ["20 s", "6 s", "0.2 s"]


def test_counts_are_grouped_and_measures_carry_their_unit():
    assert words.plain(words.count(4617)) == "4 617"
    counted = Measure(label="samples", estimate=Estimate(value=2413, low=2413, high=2413, unit="stacks", n=1))
    timed = Measure(label="pause", estimate=Estimate(value=8.23, low=7.1, high=9.4, unit="ms", n=9))
    assert words.plain(words.evidence(counted)) == "samples: 2 413 stacks"
    assert words.plain(words.evidence(timed)) == "pause: 8.2 (7.1–9.4) ms"
    fact = Fact(name=".0", type=Type(name="ndarray", dtype="f8"), sizes=(50_000, 12), observations=3)
    assert words.plain(words.sizes(fact)) == "50 000 × 12"
    assert words.name(fact) == "iterated"


def test_numbers_in_prose_keep_their_units_and_groups():
    glued = words.glued("takes 38 % ± 3 of 50 000 rows in 212 ms on 2 CPUs, or 200 × 64")
    assert glued.split(" ") == [
        "takes", f"38{words.GLUE}%{words.GLUE}±{words.GLUE}3", "of", f"50{words.GLUE}000", "rows", "in",
        f"212{words.GLUE}ms", "on", f"2{words.GLUE}CPUs,", "or", f"200{words.GLUE}×{words.GLUE}64",
    ]  # fmt: skip


def test_a_verdict_is_one_text_with_full_stops():
    assert words.sentence((Clause(text="One thing", finding=1), Clause(text="Another."))) == "One thing. Another."


@given(st.text(st.characters(exclude_categories=[])))
def test_cleaned_text_holds_nothing_that_steers_a_terminal(text):
    cleaned = words.clean(text)
    assert all(unicodedata.category(char)[0] != "C" for char in cleaned)
    assert not any(char in cleaned for char in "\n\r\t\x1b\u2028\u202e")
    assert words.clean(cleaned) == cleaned
    cleaned.encode()


def test_cleaned_text_keeps_letters_of_every_script():
    assert words.clean("größe\tпуть 行\x1b[31m\u202eevil\udc80") == "größe    путь 行[31mevil"


def test_a_source_line_is_found_by_its_number():
    source = build.source()
    assert words.source_line([source], build.where(90)) == "    for x in rows:"
    assert words.source_line([source], build.where(90), 85) == "def normalise(rows, mean, std):"
    assert words.source_line([source], build.where(84)) is None
    assert words.source_line([source], build.where(93)) is None
    assert words.source_line([source], build.where(90, file="/elsewhere.py")) is None


def test_lines_are_those_that_python_counts():
    source = structs.replace(build.source(), first_line=1, text="def f():\n    a = 1\f\u2028\x85\n    return a\n")
    assert words.source_line([source], build.where(3, file=source.file)) == "    return a"
