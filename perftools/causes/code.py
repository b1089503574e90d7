"""The sources of an Audit, looked up by file and line; and what the walks saw at those lines."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from perftools.hot import Frame
from perftools.record import Missing, Position, Site, Source, Type, Values
from perftools.source import Model, Span, read, waits
from perftools.source.operations import WAITS, WAITS_WITHOUT_ARGUMENTS

FEWEST_WALKS = 8
"""Observations of a loop below which nothing is said of its types: a stale slot can pass every check once or twice."""
CLASS_SHARE = 0.25
"""Part of the observations in which a type must have been seen: stale slots reach a few percent."""


_MAY_WAIT = re.compile(rf"\b(?:{'|'.join(sorted(WAITS | WAITS_WITHOUT_ARGUMENTS))})\(")


@dataclass(frozen=True)
class Loop:
    """One loop of one source: the place that a cause has."""

    source: int
    unit: int


class Code:
    """Answers by file and line; models are made on demand, one function at a time."""

    def __init__(self, sources: Sequence[Source], values: Values | Missing) -> None:
        self.sources = tuple(sources)
        self._by_file: dict[str, list[int]] = defaultdict(list)
        for index, source in enumerate(self.sources):
            self._by_file[source.file].append(index)
        self._sites: dict[str, list[Site]] = defaultdict(list)
        for site in () if isinstance(values, Missing) else values.sites:
            self._sites[site.file].append(site)
        self.loops: dict[tuple[Frame, Frame | None], Loop | Literal["service"] | None] = {}
        """What `charge` found around each line: the same few lines occur in thousands of stacks."""
        self._lines: dict[int, list[str]] = {}
        self._calls: dict[tuple[str, int, str], bool] = {}
        self._imports: dict[str, dict[str, str]] = {}
        self.differing = frozenset(index for index in range(len(self.sources)) if self._differs(index))

    def source_at(self, file: str, line: int) -> int | None:
        """Index of the source that holds the line, None where there is none or it is not what runs."""
        for index in self._by_file.get(file, ()):
            source = self.sources[index]
            if source.text and 0 <= line - source.first_line <= source.text.count("\n"):
                return None if index in self.differing else index
        return None

    def model(self, source: int) -> Model:
        """What the source's text says."""
        return read(self.sources[source])

    def model_at(self, file: str, line: int) -> Model | None:
        """The model of the source that holds the line."""
        index = self.source_at(file, line)
        return None if index is None else self.model(index)

    def text_at(self, file: str, line: int) -> str:
        """The line's text, stripped; "" where it is not known."""
        index = self.source_at(file, line)
        if index is None:
            return ""
        return self._text(index, line).strip()

    def calls_at(self, file: str, line: int, name: str) -> bool:
        """May this line be calling something of that name: is it called there, or handed to what calls it?"""
        key = (file, line, name)
        if key not in self._calls:
            model = self.model_at(file, line)
            self._calls[key] = model is not None and (
                re.search(rf"\b{re.escape(name)}\b", self.text_at(file, line)) is not None
                or any(call.name == name for call in model.calls_at(line))
            )
        return self._calls[key]

    def called(self, file: str, line: int) -> frozenset[str]:
        """What the calls on a line call, dotted, with imported names put back.

        `tidy()` is "gc.collect" after `from gc import collect as tidy`. A name whose import is not known stands for
        itself.
        """
        index = self.source_at(file, line)
        if index is None:
            return frozenset()
        model = self.model(index)
        imports = {**self._module_imports(file), **{each.name: each.target for each in model.imports}}
        paths = (call.path.partition(".") for call in model.calls_at(line) if call.path)
        return frozenset(imports.get(head, head) + dot + rest for head, dot, rest in paths)

    def _module_imports(self, file: str) -> dict[str, str]:
        """The names that a file's own imports bind, as far as the audit holds them."""
        if file not in self._imports:
            models = [self.model(each) for each in self._by_file[file] if self.sources[each].function == "<module>"]
            self._imports[file] = {each.name: each.target for model in models for each in model.imports}
        return self._imports[file]

    def call_ending_at(self, file: str, line: int, byte_column: int) -> str:
        """The innermost call whose closing bracket stands there, dotted as written; "" for none.

        The interpreter counts columns in bytes of UTF-8. Calls are told by their ends: a method's call starts at the
        attribute for some versions and at the object for others.
        """
        index = self.source_at(file, line)
        if index is None:
            return ""
        column = len(self._text(index, line).encode()[:byte_column].decode(errors="ignore"))
        ending = [call for call in self.model(index).calls if call.span[2:] == (line, column)]
        inner = min(ending, key=lambda call: call.span.size, default=None)
        return "" if inner is None else inner.path or inner.name

    def _text(self, index: int, line: int) -> str:
        source = self.sources[index]
        if index not in self._lines:
            self._lines[index] = source.text.split("\n")
        return self._lines[index][line - source.first_line]

    def sites(self, file: str, span: Span) -> list[Site]:
        """What the walks saw on these lines."""
        return [site for site in self._sites.get(file, ()) if span.covers(site.line)]

    def positions(self, file: str, line: int) -> list[Position]:
        """Where leaf frames stood on this line."""
        return [each for site in self._sites.get(file, ()) if site.line == line for each in site.positions]

    def waits_at(self, frame: Frame) -> bool:
        """Does the frame's line call something that waits (a C wait has no frame of its own)?"""
        if not _MAY_WAIT.search(self.text_at(frame.file, frame.line)):  # parsing costs more than the rest together
            return False
        model = self.model_at(frame.file, frame.line)
        if model is None:
            return False
        return any(waits(call.name, call.positional, call.keywords) for call in model.calls_at(frame.line))

    def _differs(self, index: int) -> bool:
        """Was the file changed since the target loaded it? Its functions then no longer start where they did."""
        source = self.sources[index]
        lines = source.text.split("\n")
        for site in self._sites.get(source.file, ()):
            name = site.function.rpartition(".")[2]
            at = site.first_line - source.first_line
            if name.startswith("<") or not 0 <= at < len(lines) or not 0 <= site.line - source.first_line < len(lines):
                continue
            head = lines[at].lstrip()
            if not head.startswith("@") and not re.match(rf"(?:async\s+)?def\s+{re.escape(name)}\b", head):
                return True
        return False


class Facts:
    """Types and sizes by name over the walks of one span, by vote."""

    def __init__(self, sites: Iterable[Site], depth: int, function: str) -> None:
        """`depth`, `function`: iterators of `for` loops outside the unit (in the same code object) are left out."""
        walks: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._types: dict[str, Counter[Type]] = defaultdict(Counter)
        self._sizes: dict[tuple[str, Type], list[tuple[tuple[int, ...], int]]] = defaultdict(list)
        for site in sites:
            walks[site.file, site.line][site.function] += site.walks
            own = site.function.rpartition(".")[2] == function.rpartition(".")[2]
            for seen in site.seen:
                if own and (match := re.fullmatch(r"<iter (\d+)>", seen.name)) and int(match[1]) < depth:
                    continue
                self._types[seen.name][seen.type] += seen.count
                self._sizes[seen.name, seen.type].append((seen.sizes, seen.count))
        self.walks = sum(max(by_function.values()) for by_function in walks.values())
        """Looks at the loop. A comprehension's frame and the one around it stand on one line in one look."""

    @property
    def enough(self) -> bool:
        """Were there enough walks to believe a vote?"""
        return self.walks >= FEWEST_WALKS

    def types(self, name: str) -> list[tuple[Type, int]]:
        """The types of a name that won enough votes, most first, with their counts."""
        votes = self._types.get(name)
        if not votes:
            return []
        floor = CLASS_SHARE * max(sum(votes.values()), 1)
        return [(kind, count) for kind, count in votes.most_common() if count >= floor and count >= 2]

    def names(self) -> list[str]:
        """Every name that something was seen under."""
        return list(self._types)

    def seen(self, name: str) -> int:
        """Observations of a name, of whatever type."""
        return sum(self._types[name].values()) if name in self._types else 0

    def sizes(self, name: str, kind: Type) -> tuple[int, ...]:
        """The median size under a name, by depth."""
        rows = sorted(self._sizes.get((name, kind), []))
        half = sum(count for _, count in rows) / 2
        for sizes, count in rows:
            half -= count
            if half <= 0:
                return sizes
        return ()
