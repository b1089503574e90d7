"""What one budget means, how it is measured, and what its last check said: the page of `perf budget explain`."""

from __future__ import annotations

from typing import Final

import msgspec

from perftools.budget.model import HIGHER_IS_BETTER, Budget, Budgets, Metric
from perftools.budget.plans import PLANS
from perftools.budget.report import words
from perftools.budget.report.document import Document
from perftools.budget.report.text import STYLES
from perftools.budget.units import WORDS, amount
from perftools.report.page import Page
from perftools.report.words import clean, glued

HANG: Final = 10

HOW: Final[dict[Metric, str]] = {
    "instructions": "Machine instructions of one call, counted by valgrind (cachegrind without its cache model): those "
    "of several calls less those of none. They hardly vary, and see no sleep, lock or I/O.",
    "cpu_time": "CPU time of one call, all threads of the process together; processes that it starts are left out. In "
    "each process rounds of at least 5 ms. It sees no sleep, lock or I/O.",
    "wall_time": "Time that one call takes on the clock, with its sleeps and waits, and with whatever else the machine "
    "does meanwhile. In each process rounds of at least 5 ms.",
    "latency_p99": "The 99th percentile of the response time, as the load command says it.",
    "throughput": "Requests a second, as the load command says it. More is better.",
    "peak_memory": "The largest resident set of the process that runs it.",
    "import_time": "Time to import it in a fresh interpreter.",
    "gc_pause": "The longest pause of garbage collection in an audit of the service under load.",
    "findings": "Findings of an audit of the service under load.",
}
SERVED: Final[dict[Metric, str]] = {
    "cpu_time": "CPU time of the service and its processes, for each request that the load command counts.",
    "peak_memory": "The largest resident set among the processes of the service under load.",
}
"""The same metrics of a service."""


def render(
    budget: Budget,
    budgets: Budgets,
    last: Document | None,
    *,
    width: int,
    colour: bool,
    unicode: bool,
    next_command: str,
) -> str:
    """The page, ending in a newline; `last` holds the last verdict of this budget, or is None."""
    page = Page(width=width, colour=colour, unicode=unicode)
    page.write((clean(budget.id), "bold"), f"  {WORDS[budget.metric]} of {clean(budget.target)}, "
                                           f"{clean(budget.path)}:{budget.line}", hang=HANG)  # fmt: skip
    page.blank()
    for label, said in (("MEANS", _meaning(budget, budgets)), ("MEASURED", _how(budget)), ("DECIDED", _rule(budget))):
        page.write(glued(said), label=(label, "bold"), hang=HANG)
    for waiver in budgets.waivers:
        if waiver.budget == budget.id:
            said = f"until {waiver.until}: {clean(waiver.reason)}, {clean(waiver.path)}:{waiver.line}"
            page.write(glued(said), label=("WAIVED", "bold"), hang=HANG)
    page.blank()
    _last(page, budget, last)
    page.blank()
    page.whole(next_command, label=("NEXT", "bold"), hang=HANG)
    return page.render()


def _meaning(budget: Budget, budgets: Budgets) -> str:
    metric = WORDS[budget.metric]
    said = []
    if budget.max_regression is not None:
        way = "fall" if budget.metric in HIGHER_IS_BETTER else "grow"
        base = "the merge base" if budgets.baseline == "merge-base" else clean(budgets.baseline)
        said.append(f"The {metric} may not {way} by more than {100 * budget.max_regression:.3g} % against {base}.")
    if budget.metric == "findings" and budget.max is not None:
        said.append(f"There may be {amount(budget.max, budget.metric)} of severity {budget.severity} or above at most.")
    elif budget.max is not None:
        said.append(f"The {metric} may not exceed {amount(budget.max, budget.metric)} on the machine that checks it.")
    if budget.min is not None:
        said.append(f"The {metric} may not be below {amount(budget.min, budget.metric)} on the machine that checks it.")
    return " ".join(said)


def _how(budget: Budget) -> str:
    if budget.load is None:
        return HOW[budget.metric]
    return f"{SERVED.get(budget.metric, HOW[budget.metric])} Load: {clean(budget.load)}."


def _rule(budget: Budget) -> str:
    plan = PLANS[budget.metric]
    if plan.most == plan.least:
        return "One look at the working tree alone."
    what = "fresh processes of the working tree"
    if budget.max_regression is not None:
        what = "pairs of fresh processes, base and head in random order"
    said = (
        f"{plan.least} {what}, then {plan.step} more at a time up to {plan.most}, until the 99 % interval lies on one "
        "side of the limit. What is over it must be over it again on fresh ones before it counts as broken; with "
        "several budgets the bar is higher for each."
    )
    if budget.max_regression is not None and budget.max_regression < plan.floor:
        said += f" Less than {100 * plan.floor:.3g} % cannot be told from noise, and is judged as that."
    return said


def _last(page: Page, budget: Budget, last: Document | None) -> None:
    label = ("LAST", "bold")
    verdict = next((each for each in last.verdicts if each.budget.id == budget.id), None) if last else None
    if last is None or verdict is None:
        page.write("not checked yet on this machine", label=label, hang=HANG)
        return
    changed = "" if _same(verdict.budget, budget) else "; the budget was another one then"
    page.write(f"{last.taken:%Y-%m-%d %H:%M} UTC{changed}", label=label, hang=HANG)
    page.write((words.heading(verdict), STYLES[verdict.status]), f": {glued(words.evidence(verdict))}",
               indent=HANG, hang=HANG)  # fmt: skip
    for note in last.notes:
        page.write(glued(note), indent=HANG, hang=HANG)


def _same(then: Budget, now: Budget) -> bool:
    """Whether both promise the same, wherever it is written."""
    return msgspec.structs.replace(then, path=now.path, line=now.line) == now
