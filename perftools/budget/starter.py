"""A first budget file, with what was found in the project and how to write the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from perftools.budget.candidates import Candidate
from perftools.errors import FileError, OutputUnwritable

NAME: Final = "perf-budgets.toml"
MOST: Final = 40
"""Budgets written; each takes about half a minute in a check."""
REGRESSION: Final = {"instructions": "1%", "cpu_time": "5%", "peak_memory": "5%"}
OTHERWISE: Final = "10%"
"""Changes that can be told from noise (`perftools.budget.plans`)."""

_HEAD: Final = """\
# What must stay true of this project's speed. `perf budget check` measures it on the base of this branch and on the
# working tree, in pairs of fresh processes, and says for each budget: pass, broken, inconclusive or not measured.
version = 1
baseline = "merge-base"        # or a revision, such as "v1.4"
fail_on_inconclusive = false   # true: exit code 4 where a run cannot tell
"""

_NONE: Final = """
# No test with the marker or a benchmark fixture was found, and no pyperf script. A test becomes one by
#     @pytest.mark.perf_budget(metric="cpu_time", max_regression="5%")
# or by calling its fixture: perf_budget(fn, *args). Then name it here:
#
# [[budget]]
# id = "score"
# target = "tests/test_speed.py::test_score"
# metric = "cpu_time"
# max_regression = "5%"
"""

_TAIL: Final = """
# Metrics of a test or a pyperf script: cpu_time, wall_time, instructions (with valgrind), peak_memory.
# Limits: max_regression = "5%", and max = "3ms" (throughput has a min), for the machine that checks it.
#
# A service is started on a free port, and loaded by your own command, whose last line is JSON:
#     {"latency_p99_s": 0.018, "throughput_per_s": 240}
# Metrics: latency_p99, throughput, gc_pause, findings.
#
# [[budget]]
# id = "p99"
# target = "scoring.app:app"
# ready = "http://127.0.0.1:{port}/health"
# load = "python tools/load.py --port {port} --seconds 10"
# metric = "latency_p99"
# max = "20ms"
#
# [[budget]]
# id = "no-new-problem"
# target = "scoring.app:app"
# ready = "http://127.0.0.1:{port}/health"
# load = "python tools/load.py --port {port} --seconds 30"
# metric = "findings"
# severity = "medium"
# max = 0
#
# A budget that cannot be met for now is waived until a day; after it, the check fails.
#
# [[waiver]]
# budget = "p99"
# until = 2027-01-31
# reason = "the new model is twice as large; see ..."
"""


def text(found: Sequence[Candidate]) -> str:
    """The file's text."""
    parts = [_budget(name, candidate) for name, candidate in zip(_ids(found), found[:MOST], strict=False)]
    left = [f"#     {candidate.target}\n" for candidate in found[MOST:]]
    rest = ["\n# Found as well:\n", *left] if left else []
    return "".join([_HEAD, *(parts or [_NONE]), *rest, _TAIL])


def write(found: Sequence[Candidate], root: Path) -> Path:
    """Write the file into `root`. Raises FileError where one is there, and OutputUnwritable."""
    path = root / NAME
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text(found))
    except FileExistsError:
        raise FileError(f"{path} is there already, and stays as it is", commands=("perf budget check",)) from None
    except OSError as error:
        raise OutputUnwritable(f"cannot write {path}: {error.strerror}") from error
    return path


def _budget(name: str, candidate: Candidate) -> str:
    metric = candidate.limits.get("metric", "cpu_time")
    limits = {key: value for key, value in candidate.limits.items() if key != "metric"}
    if not limits:
        limits["max_regression"] = REGRESSION.get(metric, OTHERWISE)
    values = {"id": name, "target": candidate.target, "metric": metric, **limits}
    return "\n[[budget]]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in values.items())


def _ids(found: Iterable[Candidate]) -> list[str]:
    """An id for each, no two the same: the name, or with its file's, or with a number."""
    taken: list[str] = []
    for candidate in found:
        stem = Path(candidate.target.partition("::")[0]).stem
        name = _id(candidate.name)
        if name in taken:
            name = _id(f"{stem.removeprefix('test_')}-{candidate.name}")
        plain, number = name, 1
        while name in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.append(name)
    return taken


def _id(name: str) -> str:
    """As in the budget file: letters, digits, '_', '.' and '-', beginning with one of the first two."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("_.-")[:80] or "budget"


def _quoted(said: str) -> str:
    """A TOML basic string; JSON escapes what TOML wants escaped (toml.io/en/v1.0.0, "String")."""
    return json.dumps(said, ensure_ascii=False)
