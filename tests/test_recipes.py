"""Every recipe that is installed is proved, in full."""

import re

import pytest

from perftools.rewrite.catalogue import folders
from perftools.rewrite.proof import prove

ALL = folders()
PARTS = ("## Why", "## Before and after", "## When not to", "## Fix safety", "## Timings")


@pytest.mark.parametrize("folder", ALL, ids=lambda folder: folder.id)
def test_a_recipe_is_proved(folder):
    if folder.recipe.lacks:
        pytest.skip(f"{folder.recipe.lacks} is not installed")
    assert prove(folder) == []


@pytest.mark.parametrize("folder", ALL, ids=lambda folder: folder.id)
def test_a_page_has_all_its_parts_and_tells_of_no_figure_that_was_not_measured(folder):
    text = folder.text("README.md")
    assert text.startswith("# ")
    assert [part for part in PARTS if f"\n{part}" not in text] == []
    written = re.sub(r"<!-- timings -->.*<!-- /timings -->", "", text, flags=re.DOTALL)
    assert re.findall(r"\d[\d.,]*\s*(?:x faster|times faster|ms\b|µs\b)", written) == []


def test_there_are_recipes_for_every_rule_about_the_users_code():
    answered = {rule for folder in ALL for rule in folder.recipe.rules}
    assert answered >= {"list-hot-path", "pandas-hot-path", "gc-pause", "explicit-gc-collect", "oversubscribed"}
