"""A regular expression or binary layout compiled in each call: compiled once, at module level."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite
from perftools.source.syntax import SCOPES, walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_COMPILED = {"re.compile": "_PATTERN", "struct.Struct": "_LAYOUT"}
_FLAGS = frozenset("A ASCII I IGNORECASE M MULTILINE S DOTALL X VERBOSE U UNICODE NOFLAG".split())
"""Not LOCALE, which depends on when it is compiled, nor DEBUG, which prints."""
_LONGEST = 1_000
"""Characters of a pattern that is compiled here, to see whether it can be."""


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`re.compile("...")` or `struct.Struct("...")` with constant arguments inside a function."""
    if place.function is None:
        return
    for node, _ in place.expressions(cst.Call):
        assert isinstance(node, cst.Call)
        made = place.qualified(node.func)
        if made not in _COMPILED or not node.args:
            continue
        problem = _problem(place, node, made)
        if problem is not None:
            yield Refusal(node, *problem)
            continue
        name = place.fresh(_COMPILED[made])
        yield Rewrite(
            nodes=(node,),
            reason="compiled once",
            replacement=name,
            module_level=f"{name} = {place.code(node)}",
        )


def _problem(place: Place, call: cst.Call, made: str) -> tuple[str, str] | None:
    values = [arg.value for arg in call.args]
    if any(arg.keyword is not None or arg.star for arg in call.args) or len(values) > (
        2 if made == "re.compile" else 1
    ):
        return "arguments", "only a pattern and flags by position are understood"
    text = values[0].evaluated_value if isinstance(values[0], cst.SimpleString | cst.ConcatenatedString) else None
    flags = _flags(place, values[1]) if len(values) > 1 else re.NOFLAG
    if text is None or flags is None:
        return "no-constant", "what is compiled may be another thing in each call"
    if not _compiles(made, text, flags):
        return (
            "invalid",
            "it cannot be compiled without an error or a warning, which would come when the module is loaded",
        )
    if not place.module.bound_globally(place.code(call.func).partition(".")[0]):
        return "local-import", "the module is imported inside of the function"
    assert place.function is not None
    if any(call in set(walk(each)) for each in walk(place.function.body) if isinstance(each, SCOPES)):
        return "nested", "it stands in a nested function"
    return None


def _flags(place: Place, node: cst.BaseExpression) -> re.RegexFlag | None:
    """What flags written out stand for; None for anything else."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        left, right = _flags(place, node.left), _flags(place, node.right)
        return None if left is None or right is None else left | right
    if isinstance(node, cst.Integer):
        return re.NOFLAG if node.value == "0" else None
    module, _, name = place.qualified(node).rpartition(".")
    return re.RegexFlag[name] if module in ("re", "re.RegexFlag") and name in _FLAGS else None


def _compiles(made: str, text: str | bytes, flags: re.RegexFlag) -> bool:
    if len(text) > _LONGEST:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if made == "struct.Struct":
                struct.Struct(text)
            else:
                re.compile(text, flags)
        except Exception:  # noqa: BLE001 (RecursionError and OverflowError too)
            return False
    return True


_HEAD = "import re\nimport struct\n\n\n"

RECIPE = Recipe(
    id="hoist-compile",
    title="A regular expression or binary layout compiled in each call: compiled once",
    level="auto",
    rules=("list-hot-path", "gil-bound"),
    function="token",
    match=match,
    valid=(
        Example(code=f'{_HEAD}WORD = re.compile("[a-z]+")\n\n\ndef f(s):\n    return WORD.findall(s)\n'),
        Example(code=f"{_HEAD}def f(s, p):\n    return re.compile(p).findall(s)\n", refused="no-constant"),
        Example(code=f'{_HEAD}def f(s, p):\n    return re.compile(f"{{p}}+").findall(s)\n', refused="no-constant"),
        Example(code=f'{_HEAD}def f(s):\n    return re.compile("a", re.DEBUG).findall(s)\n', refused="no-constant"),
        Example(code=f'{_HEAD}def f(s):\n    return re.compile("(a").findall(s)\n', refused="invalid"),
        Example(code=f'{_HEAD}def f(s):\n    return re.compile(b"a", re.U).findall(s)\n', refused="invalid"),
        Example(code=f'{_HEAD}def f(s):\n    return re.compile("[[a]").findall(s)\n', refused="invalid"),
        Example(code=f'{_HEAD}def f(s):\n    return re.compile(pattern="a").findall(s)\n', refused="arguments"),
        Example(code=f'{_HEAD}def f(b):\n    return struct.Struct("zz").unpack(b)\n', refused="invalid"),
        Example(
            code='def f(s):\n    import re\n\n    return re.compile("a").findall(s)\n',
            refused="local-import",
        ),
        Example(code='def f(re, s):\n    return re.compile("a").findall(s)\n'),
        Example(code='def compile(p):\n    return p\n\n\ndef f(s):\n    return compile("a")\n'),
    ),
    invalid=(
        Example(
            code='''\
"""Parses what clients send."""

from re import I, M, compile as rx
from struct import Struct


@cached
def tokens(line):
    # letters only
    found = []
    for part in rx(r"\\w+" r"\\b", I | M).finditer(line):  # compiled once
        found.append(part.group())
    return found


class Reader:
    def read(self, data):
        return [value for (value,) in Struct("<d").iter_unpack(data)]
''',
            becomes='''\
"""Parses what clients send."""

from re import I, M, compile as rx
from struct import Struct


_PATTERN = rx(r"\\w+" r"\\b", I | M)


@cached
def tokens(line):
    # letters only
    found = []
    for part in _PATTERN.finditer(line):  # compiled once
        found.append(part.group())
    return found


_LAYOUT = Struct("<d")


class Reader:
    def read(self, data):
        return [value for (value,) in _LAYOUT.iter_unpack(data)]
''',
        ),
        Example(
            code="""\
import re


def clean(text):
    return re.compile("\\\\s+").sub(" ", text)
""",
            becomes="""\
import re


_PATTERN = re.compile("\\\\s+")


def clean(text):
    return _PATTERN.sub(" ", text)
""",
        ),
    ),
)
