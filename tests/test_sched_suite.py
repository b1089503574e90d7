"""The scenarios' labels follow from what was measured; advice is read from a finding's words; clients count answers."""

from __future__ import annotations

import ast
import http.server
import threading
import time
from collections.abc import Iterator

import pytest
from perftools_benchmarks.sched import judging, measuring, running, tables
from perftools_benchmarks.sched.measuring import Alarm, Measured, Seen
from perftools_benchmarks.sched.scenarios import FIGHT, GIL, Load, Service, Setting, sets

from perftools.detect import oversubscribed
from tests.test_sched_rules import finding, service

GOOD, BAD = Setting(2, 1), Setting(2, 4)
NUMPY = Service("numpy", "reference", (GOOD, BAD), rules=frozenset({FIGHT}))


def alarm(rule: str, advised: Setting | None = None) -> Seen:
    return Seen(alarms=(Alarm(rule, "high", "", "", advised),))


def outcomes(rates: list[float], **seen: Seen) -> list[judging.Outcome]:
    audits = {GOOD: seen.get("good", Seen()), BAD: seen.get("bad", Seen())}
    return judging.judge("tuning", NUMPY, Measured(audits, {GOOD: [100.0, 102.0, 98.0], BAD: rates}))


def test_a_setting_is_harmful_by_its_requests_alone() -> None:
    healthy, harmful = outcomes([70.0, 71.0, 69.0], bad=alarm(FIGHT, GOOD))
    assert (healthy.harmful, harmful.harmful, harmful.flagged, harmful.wrong) == (False, True, True, False)
    assert harmful.advised_of_best is not None and harmful.advised_of_best.value == 1
    _, healthy_too = outcomes([72.0, 73.0, 72.0], bad=alarm(FIGHT, GOOD))
    assert (healthy_too.harmful, healthy_too.false_alarm) == (False, True)


def test_what_is_missed_alarmed_falsely_or_advised_badly_is_wrong() -> None:
    _, silent = outcomes([10.0] * 3)
    _, another = outcomes([10.0] * 3, bad=alarm(GIL, GOOD))
    first, badly = outcomes([10.0] * 3, good=alarm(FIGHT), bad=alarm(FIGHT, BAD))
    assert silent.wrong and another.wrong and first.false_alarm and badly.wrong
    assert judging.total([first, badly]) == (1, 1, 1, 1, 1, 0, pytest.approx(0.1))


def test_the_interval_holds_the_ratio_and_grows_with_the_noise() -> None:
    ours = [80.0, 120.0, 100.0, 90.0, 110.0]
    found = judging.ratio(ours, [100.0] * 5, seed=1)
    assert found.low < found.value == 1 < found.high
    assert judging.ratio([100.0] * 5, [100.0] * 5, seed=1) == (1, 1, 1)


def test_the_advised_setting_is_what_the_rule_tells_to_write() -> None:
    said = finding(oversubscribed, service(2, 4, 4.0, 0.5))
    assert measuring.parsed({"rule": said.rule, "todo": said.todo}, BAD) == GOOD
    threads = {"rule": GIL, "todo": "Start it with `gunicorn --workers 2 --threads 1`, its other options as now."}
    assert measuring.parsed(threads, Setting(1, 1, 16)) == Setting(2, 1, 1)
    assert measuring.parsed({"rule": GIL, "todo": "Move refresh() out of the process"}, GOOD) is None


def test_every_scenario_has_its_code_and_no_two_share_a_name() -> None:
    for name, services in sets().items():
        assert len({each.name for each in services}) == len(services)
        with running.code(name) as folder:
            for each in services:
                assert each.server == "reference" or ast.parse((folder / f"{each.app}.py").read_text())
                assert set(each.remedies.values()) <= set(each.settings)
                assert set(each.remedies) <= each.rules


def test_the_tables_hold_every_scenario() -> None:
    printed = tables.text(outcomes([10.0] * 3, bad=alarm(FIGHT, GOOD)), {"torch": "needs torch"})
    assert "2 x 4" in printed and "1/1" in printed and "Skipped: torch: needs torch" in printed


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_clients_count_what_is_answered_with_200_and_keep_to_their_pauses(port: int) -> None:
    with running.loaded(Load(2, think_s=0.1), port) as answered, running.loaded(Load(2, ("/no",)), port) as refused:
        time.sleep(0.5)
        assert 0 < answered.rate() <= 26
        assert refused.rate() == 0


def test_clients_of_a_port_that_nobody_listens_to_count_nothing_and_end() -> None:
    with running.loaded(Load(2), 1) as clients:
        time.sleep(0.1)
        assert clients.rate() == 0
