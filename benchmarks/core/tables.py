"""The table that every form is made from: a packed row for each member, in memory or in a file that workers share.

The file is made once and mapped by all: its pages are in memory once, however many workers read them.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .models import Array, Buffers, Head, Linear, Mlp, random_mlp

CACHE_LINE = 16
"""float32 values in the 64 bytes that memory is read by: a row begins on a line of its own."""
TOWER = (256, 128)
"""Hidden layers of the peer tower: small as two-tower models go."""
HEAD = (32, 16)
"""Hidden layers of the MLP head."""
BLOCK = 8192
"""Members that are made at a time, each block from a seed of its own."""
FORMAT = 1
"""Of the files; another number whenever the same arguments come to give other rows."""


@dataclass(frozen=True, eq=False)
class Table:
    """A member's id is the number of its row."""

    rows: Array
    """(members, width): embedding, features, and zeros up to a whole cache line."""
    dimensions: int
    """Of an embedding."""
    head: Head
    tower: Mlp
    """The embedding of a member is what the tower makes of its features."""
    file: Path | None = None
    """Where the rows are mapped from."""

    @property
    def feature_count(self) -> int:
        return int(self.tower.layers[0].weights.shape[0])

    @property
    def embeddings(self) -> Array:
        """(members, dimensions), a view."""
        return self.rows[:, : self.dimensions]

    @property
    def features(self) -> Array:
        """(members, features), a view."""
        return self.rows[:, self.dimensions : self.dimensions + self.feature_count]

    def __reduce__(self) -> tuple[Any, ...]:
        """A mapped table goes to another process as the name of its file."""
        if self.file is None:
            return Table, (self.rows, self.dimensions, self.head, self.tower)
        return _reopen, (self.file, self.dimensions, self.head, self.tower)


def make(members: int, dimensions: int = 64, features: int = 20, seed: int = 1, *, head: str = "linear") -> Table:
    """A table in this process's own memory: the same features and weights for the same arguments, on every machine.

    `head` is "linear" or "mlp". (Embeddings agree within rounding: BLAS sums in an order that depends on the CPU.)
    """
    model = _Model(dimensions, features, seed, head)
    rows = np.concatenate(list(model.blocks(members)))
    return model.table(rows)


def pack(features: Array, tower: Mlp, head: Head) -> Table:
    """The table of members with these features."""
    dimensions = tower.layers[-1].weights.shape[1]
    rows = np.zeros((len(features), width(dimensions, features.shape[1])), dtype=np.float32)
    rows[:, dimensions : dimensions + features.shape[1]] = features
    Buffers(tower).run(features, out=rows[:, :dimensions])
    return Table(rows, dimensions, head, tower)


def shared(
    members: int = 1_000_000,
    dimensions: int = 64,
    features: int = 20,
    seed: int = 1,
    *,
    head: str = "linear",
    folder: Path | None = None,
) -> Table:
    """The table of `make`, mapped from its file in `folder` (default: the user's cache), which is made if need be.

    Making is atomic: who maps the file sees all of it or an older one. A file that is not what it should be is made
    anew. Raises OSError, also where others could write into the folder.
    """
    folder = private_folder(folder or default_folder())
    file = folder / f"{members}-members-{dimensions}+{features}-seed-{seed}-v{FORMAT}.npy"
    model = _Model(dimensions, features, seed, head)
    rows = _mapped(file)
    if rows is None or not model.made(rows, members):
        _write(file, model.blocks(members), (members, width(dimensions, features)))
        rows = _mapped(file)
        assert rows is not None
    return model.table(rows, file)


def mapped(table: Table, file: Path) -> Table:
    """`table` with the rows in `file`. Raises ValueError unless it holds as many, as wide."""
    rows = _mapped(file)
    if rows is None or rows.shape != table.rows.shape:
        raise ValueError(f"{file.name} holds no rows of this table")
    return replace(table, rows=rows, file=file)


def write(file: Path, rows: Array) -> None:
    """Leave `rows` in `file` for `mapped`; who has mapped what was there before keeps it. Raises OSError."""
    _write(file, iter([rows]), rows.shape)


def default_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "perftools-benchmarks")


def width(dimensions: int, features: int) -> int:
    """Columns of a row: as many cache lines as embedding and features need."""
    return -(-(dimensions + features) // CACHE_LINE) * CACHE_LINE


class _Model:
    """What follows from the arguments alone: weights, and the rows block by block."""

    def __init__(self, dimensions: int, features: int, seed: int, head: str) -> None:
        random = np.random.default_rng(seed)
        self.dimensions, self.features, self.seed = dimensions, features, seed
        self.tower = random_mlp(random, features, *TOWER, dimensions, gain=dimensions**-0.5)
        if head not in ("linear", "mlp"):
            raise ValueError(f"head: linear or mlp, not {head}")
        linear = Linear(random.standard_normal(features, dtype=np.float32) / np.float32(10))
        self.head: Head = linear if head == "linear" else random_mlp(random, 1 + features, *HEAD, 1, gain=0.5)

    def table(self, rows: Array, file: Path | None = None) -> Table:
        rows.flags.writeable = False
        return Table(rows, self.dimensions, self.head, self.tower, file)

    def blocks(self, members: int) -> Iterator[Array]:
        for first in range(0, members, BLOCK):
            yield self.block(first, min(members - first, BLOCK))

    def block(self, first: int, count: int) -> Array:
        random = np.random.default_rng([self.seed, first])
        features = random.standard_normal((count, self.features), dtype=np.float32)
        return pack(features, self.tower, self.head).rows

    def made(self, rows: Array, members: int) -> bool:
        """Whether rows from a file have the right shape, and the right values at both ends."""
        if rows.shape != (members, width(self.dimensions, self.features)):
            return False
        last = (members - 1) // BLOCK * BLOCK
        return all(
            np.allclose(rows[first : first + BLOCK], self.block(first, min(members - first, BLOCK)), atol=1e-5)
            for first in {0, last}
        )


def private_folder(folder: Path) -> Path:
    """`folder`, made if need be. Raises PermissionError where anybody else could write into it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder} is not a folder that only its owner, this user, can write to")
    return folder


def _mapped(file: Path) -> Array | None:
    """The rows of a whole .npy file of float32 in C order, every page mapped; None if it is anything else."""
    try:
        rows = np.asarray(np.load(file, mmap_mode="r"))
    except (OSError, ValueError, EOFError):
        return None
    if rows.dtype != np.float32 or rows.ndim != 2 or not rows.flags.c_contiguous or not len(rows):
        return None
    rows[:, 0].sum()  # touches each page now, and not in the first requests
    return rows


def _write(file: Path, blocks: Iterator[Array], shape: tuple[int, ...]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".making-", dir=file.parent)
    try:
        with open(descriptor, "wb") as target:
            header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False}
            np.lib.format.write_array_header_1_0(target, {**header, "shape": shape})
            target.writelines(block.data for block in blocks)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


def _reopen(file: Path, dimensions: int, head: Head, tower: Mlp) -> Table:
    rows = _mapped(file)
    if rows is None:
        raise FileNotFoundError(f"{file} is no table any more")
    return Table(rows, dimensions, head, tower, file)
