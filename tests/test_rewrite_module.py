import libcst as cst
import pytest

from perftools.rewrite.module import Module, lines_of
from perftools.source.syntax import walk


def calls(text: str) -> dict[str, str]:
    module = Module(text)
    return {
        module.code(node.func): module.qualified(node.func) for node in walk(module.tree) if isinstance(node, cst.Call)
    }


def test_names_are_resolved_through_imports_and_aliases():
    imports = "import numpy as n\nfrom heapq import nlargest as best\nfrom json import dumps\n"
    text = imports + "n.dot(1)\nbest(1)\ndumps(1)\nmax(1)\n"
    assert calls(text) == {
        "n.dot": "numpy.dot",
        "best": "heapq.nlargest",
        "dumps": "json.dumps",
        "max": "builtins.max",
    }


@pytest.mark.parametrize(
    "text",
    [
        "def f(sorted):\n    sorted(1)\n",
        "def sorted(x): ...\nsorted(1)\n",
        "sorted = 1\ndef f():\n    sorted(1)\n",
        "from numpy import *\nsorted(1)\n",
        "try:\n    from a import sorted\nexcept ImportError:\n    from b import sorted\nsorted(1)\n",
        "import a as sorted\nsorted = 2\nsorted(1)\n",
        "class A:\n    def f(self):\n        self.sorted(1)\n",
    ],
)
def test_what_could_be_something_else_is_not_resolved(text):
    assert set(calls(text).values()) == {""}


def test_definitions_are_named_as_python_names_them():
    module = Module(
        "class A:\n    def f(self):\n        def g(): ...\n        return g\nif x:\n    async def h(): ...\n"
    )
    assert [each.name for each in module.definitions] == ["A.f", "A.f.<locals>.g", "h"]
    assert all(each.top in module.tree.body for each in module.definitions)


def test_lines_end_where_python_says_so():
    text = "a = 1\r\nb = '\x0c\u2028'\n\nc = 2"
    assert lines_of(text) == ["a = 1\r\n", "b = '\x0c\u2028'\n", "\n", "c = 2"]
    assert "".join(lines_of(text)) == text


def test_a_fresh_name_is_given_once():
    module = Module("_fast = 1\n")
    assert [module.fresh("_fast"), module.fresh("_fast"), module.fresh("max")] == ["_fast_2", "_fast_3", "max_2"]
