"""`python -m perftools.handbook [FILE]` writes all pages into one file, docs/handbook.md of the checkout by default."""

from __future__ import annotations

import sys
from pathlib import Path

from perftools.handbook.book import text

FILE = Path(__file__).parents[2] / "docs" / "handbook.md"

if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else FILE).write_text(text(), encoding="utf-8")
