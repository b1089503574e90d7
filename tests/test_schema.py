from __future__ import annotations

import copy
import json

import jsonschema
import pytest

from perftools import record
from perftools.errors import NoProcess
from perftools.report import document, failure, schema
from tests import build


@pytest.mark.parametrize("name", list(schema.DOCUMENTS))
def test_the_shipped_schemas_are_those_of_the_types(name):
    assert schema.shipped(name) == schema.generate(name), "run: python -m perftools.report.schema"
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.shipped(name)))


def errors(name: str, instance: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(json.loads(schema.shipped(name)))
    return [error.message for error in validator.iter_errors(instance)]


def audits() -> list[record.Audit]:
    return [build.audit(), build.idle()[0], build.stackless()[0]]


def test_audits_keep_to_their_schema():
    for audit in audits():
        assert errors("audit-1.json", json.loads(record.encode(audit))) == []


def test_reports_keep_to_their_schema():
    pairs = [(build.audit(), build.diagnosis()), (build.audit(), build.healthy()), build.idle(), build.stackless()]
    for audit, diagnosis in pairs:
        assert errors("report-1.json", json.loads(document.render(audit, diagnosis))) == []


def test_failures_keep_to_the_schema_of_reports():
    error = NoProcess("no process 4711", looked_at={"pid": 4711}, commands=("perf audit 4733",))
    assert errors("report-1.json", json.loads(failure.document(error))) == []


@pytest.mark.parametrize("key", ["schema", "findings", "verdict", "observations"])
def test_the_schema_notices_what_is_wrong(key):
    report = json.loads(document.render(build.audit(), build.diagnosis()))
    without = copy.deepcopy(report)
    del without[key]
    assert errors("report-1.json", without)
    assert errors("report-1.json", {**report, key: 3.5})
