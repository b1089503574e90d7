"""What a user waits for after the window: reading an audit, its profile, and its diagnosis.

The budgets stand in pyproject.toml; `perf budget check` measures them. In an ordinary run each function is called once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from perftools import api, record
from perftools.hot import profile
from perftools.record import Audit

RECORDED = Path(__file__).with_name("audit.json").read_bytes()
"""Of the reference service in its slow form under load: 10 s, one worker (perf audit -o; paths shortened)."""


@pytest.fixture
def audit() -> Audit:
    return record.decode(RECORDED)


def test_read(perf_budget):
    assert perf_budget(record.decode, RECORDED).target.root_pid > 0


def test_profile(perf_budget, audit):
    seen = audit.observations
    assert perf_budget(profile, seen.samples, seen.threads, audit.target.user_paths).cpu_s > 0


def test_diagnose(perf_budget, audit):
    diagnosis = perf_budget(api.diagnose, audit)
    assert [finding.rule for finding in diagnosis.findings][:1] == ["list-hot-path"]
