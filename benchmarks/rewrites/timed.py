"""One form of the reference core, from a text, in a process of its own: `... timed TEXT N USERS FILE`.

TEXT is a file with the form's module, as it is or rewritten; FILE receives a pyperf suite of its time for a request.
"""

from __future__ import annotations

import sys
import time
import types
from pathlib import Path

import pyperf  # type: ignore[import-untyped]  # ships no types

from .. import core
from ..core import tables, workload
from ..forms.numpy import Numpy

VALUES = 5
_VALUE_S = 0.3


def main(path: str, n: str, users: str, out: str) -> None:
    """Check the answers against the hand-written form, then time them."""
    module = types.ModuleType("rewritten")
    module.__package__ = Numpy.__module__.rpartition(".")[0]
    sys.modules["rewritten"] = module
    exec(compile(Path(path).read_text(), path, "exec"), module.__dict__)  # noqa: S102 (our own form)
    kinds = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == "rewritten"]
    (form,) = [each for each in kinds if issubclass(each, core.Scorer)]
    table = tables.shared(int(users))
    requests = workload.requests(len(table.rows), int(n), row_bytes=table.rows.nbytes // len(table.rows))[:64]
    scorer, right = form(table), Numpy(table)
    for request in requests[:4]:
        found, wanted = scorer.score(request.user, request.numbers), right.score(request.user, request.ids)
        if max(abs(a - b) for a, b in zip(found.scores, wanted.scores)) > 1e-4:
            raise SystemExit("the rewritten form gives other scores")
    values = []
    for number in range(1 + VALUES):
        count, start_s = 0, time.process_time()
        while time.process_time() - start_s < _VALUE_S:
            request = requests[count % len(requests)]
            scorer.score(request.user, request.numbers)
            count += 1
        if number:
            values.append((time.process_time() - start_s) / count)
    run = pyperf.Run(values, metadata={"name": f"score-{n}", "unit": "second"})
    pyperf.BenchmarkSuite([pyperf.Benchmark([run])]).dump(out, replace=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
