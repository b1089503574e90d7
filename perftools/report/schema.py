"""JSON Schemas of the documents, made from their types and shipped beside this module.

`python -m perftools.report.schema` writes them anew after a change of the types; a test fails until that is done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import msgspec

from perftools.record import Audit
from perftools.report.model import Choices, Failed, Report
from perftools.report.plan import Plan

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: dict[str, tuple[str, Sequence[type]]] = {
    "audit-1.json": ("What perftools saw: perftools.audit/1", [Audit]),
    "report-1.json": ("What it means, or why that cannot be said: perftools.report/1", [Report, Failed, Choices]),
    "plan-1.json": ("What an audit would read: perftools.plan/1", [Plan]),
}
"""File name: title and the types that a document may be."""


def generate(name: str) -> str:
    """The text of the schema that belongs to today's types."""
    title, types = DOCUMENTS[name]
    references, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    schema = {"$schema": DIALECT, "title": title, "anyOf": list(references), "$defs": components}
    return json.dumps(schema, indent=1) + "\n"


def shipped(name: str) -> str:
    """The text of the schema as it is installed."""
    return resources.files(__package__).joinpath("schemas", name).read_text(encoding="utf-8")


def write(directory: Path) -> None:
    for name in DOCUMENTS:
        (directory / name).write_text(generate(name), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent / "schemas")
