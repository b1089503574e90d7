"""`python -m perftools_benchmarks VERB …`: a verb is a module with `main(argv) -> int`, imported when asked for."""

from __future__ import annotations

import importlib
import sys

VERBS = {
    "serve": "the reference scoring service, in any of its forms",
    "load": "open-loop load for it",
    "core": "every form of the scorer against the others and the machine's limit",
    "limit": "what this machine can do at most: random rows, a stream of memory, sgemm",
    "service": "the service under load, every layer naive against every layer good",
    "recipes": "what the recipes bring to the slow forms; --modules: to modules written for the purpose",
    "diagnosis": "recall and precision of the rules on a labelled suite of services",
    "gc": "the observers of garbage collection against what the target itself knows",
    "sched": "the rules about processes, threads and event loops on services in healthy and harmful settings",
    "memory": "growth of memory against steady services, simulated and real; what forks copy; what looking costs",
    "budgets": "how often the rule for performance budgets errs, on recorded and on live processes",
    "waits": "is the line where requests wait the right one, on labelled services",
    "memory-attach": "memray let into a loaded service and out again: stalls, requests lost; what temporaries cost",
    "observer": "what an audit costs: CPU of the observer and its children",
    "speed": "how long a diagnosis and `--help` take",
}
MODULES = {"core": "ladder", "limit": "probe", "memory-attach": "memory_attach", "service": "endtoend"}
"""Of verbs that are not named like theirs."""


def main(argv: list[str]) -> int:
    """Run the verb that `argv` names, with the arguments after it."""
    if argv[:1] in (["-h"], ["--help"]):
        print(_usage())
        return 0
    if not argv or argv[0] not in VERBS:
        print(_usage(), file=sys.stderr)
        return 2
    verb = importlib.import_module(f".{MODULES.get(argv[0], argv[0])}", __package__)
    return int(verb.main(argv[1:]))


def _usage() -> str:
    verbs = "\n".join(f"  {verb:<10} {says}" for verb, says in VERBS.items())
    return f"usage: python -m perftools_benchmarks VERB [-h] …\n\n{verbs}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
