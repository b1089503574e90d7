"""The two sides of a comparison: head, the working tree as it is, and base, a commit in a private temporary folder."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

from perftools.budget.measure import dependencies, environment
from perftools.budget.measure.git import GitFailed, git
from perftools.budget.measure.inside.perftools_bytecode import VARIABLE as BYTECODE
from perftools.budget.measure.overlay import lay_over
from perftools.budget.measure.process import undisturbed
from perftools.budget.measure.revision import MERGE_BASE, choose
from perftools.budget.measure.worktree import checked_out
from perftools.budget.model import Unmeasurable

_DROPPED: Final = frozenset(
    "PYTEST_ADDOPTS PYTEST_CURRENT_TEST PYTEST_PLUGINS PYTHONPATH PYTHONHOME PYTHONSTARTUP "
    "PYTHONPROFILEIMPORTTIME PYTHONTRACEMALLOC PYTHONFAULTHANDLER PYTHONINSPECT COVERAGE_PROCESS_START "
    "COVERAGE_PROCESS_CONFIG COV_CORE_SOURCE COV_CORE_CONFIG COV_CORE_DATAFILE".split()
)
"""Of our own surroundings: what would measure, or run, something else."""
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""For benchmarks of functions, unless set otherwise: threads that spin while they wait are noise in CPU time."""


class Side(NamedTuple):
    """Where one side's programs run, and by what."""

    name: Literal["base", "head"]
    title: str
    """For messages: "head", "the base 1a2b3c4d5"."""
    folder: Path
    python: str
    path: tuple[str, ...]
    """What comes first among the folders that its Python imports from."""
    prefix: Path | None = None
    """Of its virtual environment, where it is not head's."""


class Sides:
    """Both sides, for the length of a `with`; base is made when it is asked for first.

    Nothing is left of it afterwards, in whatever way the `with` ends.
    """

    def __init__(
        self,
        root: Path,
        *,
        base: str | None = None,
        baseline: str = MERGE_BASE,
        python: str | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Where to measure.

        `root`: the folder of the budgets; `base`, `baseline`: see `revision.choose`; `python`: head's interpreter,
        ours by default; `say` is told what a reader of the results should know, as are `notes`.
        """
        self.root = root.resolve()
        self.notes: list[str] = []
        self._asked = base
        self._baseline = baseline
        given = python or sys.executable
        self._python = os.path.abspath(given) if os.sep in given else given
        self._say = say
        self._stack = contextlib.ExitStack()
        self._head: Side | None = None
        self._base: Side | Unmeasurable | None = None
        self._laid_over: set[PurePath] = set()
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        folder = tempfile.mkdtemp(prefix="perftools-budget-")  # 0700
        self.scratch = Path(folder).resolve()
        self._stack.callback(self._remove_scratch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def head(self) -> Side:
        """The working tree, run by head's interpreter. Raises Unmeasurable where that does not work."""
        if self._head is None:
            python, _ = environment.interpreter(self._python, self.root)
            self._head = Side("head", "head", self.root, python, _importable(self.root))
        return self._head

    @property
    def base(self) -> Side:
        """The commit to compare with. Raises Unmeasurable, and does so again, where it cannot be had or built."""
        if self._base is None:
            try:
                self._base = self._make_base()
            except Unmeasurable as problem:
                self._base = problem
        if isinstance(self._base, Unmeasurable):
            raise Unmeasurable(self._base.code, self._base.reason)
        return self._base

    def require_base(self) -> None:
        """Raises Unmeasurable where there is no base, before head is measured in vain."""
        assert self.base

    def side(self, name: Literal["base", "head"], benchmark: PurePath | None = None) -> Side:
        """One side, with head's `benchmark` file in it."""
        if name == "head":
            return self.head
        base = self.base
        if benchmark is not None and benchmark not in self._laid_over:
            try:
                lay_over(self.root, base.folder, benchmark)
            except OSError as error:
                raise Unmeasurable("B-BASE", f"{base.title} cannot be given {benchmark}: {error}") from error
            self._laid_over.add(benchmark)
        return base

    def file(self, suffix: str) -> Path:
        """A path in the private folder that is new; all are equally long, so that none weighs more than another."""
        return self.scratch / f"{next(self._numbers):08d}{suffix}"

    def variables(self, side: Side, number: int, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a program on `side`; in pair `number` both have the same hash seed.

        Bytecode of a checkout is kept in the private folder: both sides find theirs, and the tree stays as it is.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _DROPPED and not name.startswith("PYTEST_XDIST_")
        }
        given = [self._moved(each, side) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
        folders = [*side.path, *given]
        kept["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(folders))
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
        kept[BYTECODE] = str(self.scratch / "bytecode")
        kept["HYPOTHESIS_STORAGE_DIRECTORY"] = str(self.scratch / "hypothesis")
        kept["PYTHONHASHSEED"] = str(number)
        kept["PATH"] = os.pathsep.join((os.path.dirname(side.python), kept.get("PATH", os.defpath)))
        if side.prefix is not None:
            kept["VIRTUAL_ENV"] = str(side.prefix)
        return kept | dict(more or {})

    def _moved(self, folder: str, side: Side) -> str:
        """The same folder of the other checkout, where it belongs to head's."""
        path = Path(folder).absolute()
        return str(side.folder / path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def _make_base(self) -> Side:
        chosen = choose(self.root, asked=self._asked, baseline=self._baseline)
        title = f"the base {chosen.commit[:9]}"
        try:
            below = git(self.root, "rev-parse", "--show-prefix")
        except GitFailed as problem:
            raise Unmeasurable("B-BASE", f"{title} cannot be checked out: {problem}") from problem
        checkout = self.scratch / "base"
        self._stack.enter_context(checked_out(self.root, chosen.commit, checkout))
        folder = checkout / below
        if not folder.is_dir():
            raise Unmeasurable("B-BASE", f"{title} has no folder {below}")
        self._note(f"{title} is {chosen.what}")
        return self._with_environment(folder, title)

    def _with_environment(self, folder: Path, title: str) -> Side:
        head = self.head
        differing = dependencies.differing(self.root, folder)
        compiled = dependencies.compiles(folder)
        if not differing and not compiled:
            self._note(f"{title} runs in head's environment: both ask for the same dependencies")
            return Side("base", title, folder, head.python, _importable(folder))
        because = f"what differs: {', '.join(differing)}" if differing else "its code is compiled"
        self._note(f"{title} gets an environment of its own ({because})")
        prefix = self.scratch / "environment"
        python = environment.build(folder, self.root, prefix, python=self._python, title=title, say=self._note)
        return Side("base", title, folder, python, _importable(folder), prefix)

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._say(text)

    def _remove_scratch(self) -> None:
        with undisturbed():
            shutil.rmtree(self.scratch, ignore_errors=True)


def _importable(folder: Path) -> tuple[str, ...]:
    """The folders to import a checkout's own code from; none where that has to be built first."""
    if dependencies.compiles(folder):
        return ()
    source = folder / "src"
    return (str(source), str(folder)) if source.is_dir() else (str(folder),)
