"""What the ladder runs: which form, on which sizes, in how many processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .. import core
from ..core import workload

LOOPS = ("pandas_apply", "pandas", "dicts", "lists")
"""They take ids as lists, need gigabytes and seconds for their tables, and milliseconds for a request."""
BATCH = "batch_64"
"""The batch form with that many users at once: its times are a whole batch's."""
BATCH_USERS = 64
BATCH_PEERS = 10_000
PRODUCT, TOP_K = " product", " top-k"
"""Of a batch, timed by themselves too: how the benchmarks' names end."""
LIMIT = "limit of "
"""How the name of a benchmark of the machine's limit begins; what follows is what it is held against."""
MLP = ("lists", "numpy_naive", "numpy", "native", "torch", "onnxruntime")
"""Forms that are timed with the MLP head too."""


class Task(NamedTuple):
    """What one process does."""

    form: str
    head: str
    sizes: list[int]
    users: int
    values: int
    value_s: float
    """Least length of a value: as many requests, one after the other, as it takes."""
    parent: int

    def __str__(self) -> str:
        return title(self.form, self.head)


class Scale(NamedTuple):
    """How much of everything."""

    users: int
    sizes: tuple[int, ...]
    rounds: int
    """Processes of each form."""
    loops_rounds: int
    """Of those in LOOPS."""
    values: int
    loops_values: int
    value_s: float


FULL = Scale(1_000_000, workload.SIZES, rounds=3, loops_rounds=2, values=6, loops_values=3, value_s=0.05)
QUICK = Scale(100_000, (100, 1_000, 10_000), rounds=1, loops_rounds=1, values=3, loops_values=2, value_s=0.02)
"""The table just exceeds a last-level cache."""


def benchmark(head: str, size: int) -> str:
    """The name of a benchmark, the same for every form, so that `pyperf compare_to` can set one beside the other."""
    return f"N={size}" if head == "linear" else f"N={size} {head}"


def parse(name: str) -> tuple[int, str, str]:
    """Size, head and part of a benchmark's name."""
    size, _, rest = name.removeprefix("N=").partition(" ")
    return int(size), "mlp" if rest == "mlp" else "linear", f" {rest}" if rest not in ("", "mlp") else ""


def title(form: str, head: str) -> str:
    """How a form is named in results."""
    return form if head == "linear" else f"{form}/{head}"


def tasks(scale: Scale, names: Sequence[str], parent: int) -> Iterator[Task]:
    """In rounds: a form's processes lie apart, so that a slow minute of the machine does not meet one form alone."""
    for number in range(max(scale.rounds, scale.loops_rounds)):
        for name in names:
            loops = name in LOOPS
            if number >= (scale.loops_rounds if loops else scale.rounds):
                continue
            sizes = [BATCH_PEERS] if name == BATCH else list(scale.sizes)
            values = scale.loops_values if loops else scale.values
            yield Task(name, "linear", sizes, scale.users, values, scale.value_s, parent)
            if name in MLP and number == 0:
                heads = [size for size in sizes if size == 1_000 or (size == 10_000 and not loops)]
                yield Task(name, "mlp", heads, scale.users, values, scale.value_s, parent)


def names(wanted: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The forms that can be run, of all or of those that are wanted, and for the others what they lack."""
    known = {**core.forms(), **core.peers()}
    chosen = [name for name in (*known, BATCH) if not wanted or name in wanted]
    missing = {name: lacks for name in chosen if name in known and (lacks := known[name].missing())}
    return [name for name in chosen if name not in missing], missing
