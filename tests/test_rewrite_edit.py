import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.rewrite.edit import Unfit, diff, edited
from perftools.rewrite.module import Module
from perftools.rewrite.place import Place
from perftools.rewrite.recipe import Fast, Guard, Rewrite

SUM = '''"""Doc."""
import os


# adds them up
@decorated
def f(u, v):
    # from zero
    t = 0.0
    for a, b in zip(u, v):
        t += a * b  # add
    return t + 1
'''
GUARDS = (Guard("type(u) is np.ndarray", "lists"), Guard("u.shape == v.shape", "ragged"))


def rewritten(text: str, first: int, last: int, **of) -> str:
    """Statements `first` to `last` of the first function, rewritten."""
    module = Module(text)
    place = Place(module, module.definitions[0])
    statements = [each for each in place.statements() if module.parent(each) is place.function.body]
    return edited(place, Rewrite(nodes=tuple(statements[first : last + 1]), reason="", **of))


def test_a_guard_keeps_the_original_as_it_is():
    text = rewritten(SUM, 0, 1, fast=Fast(GUARDS, "t = float(np.dot(u, v))"), imports=("import numpy as np",))
    assert (
        text
        == '''"""Doc."""
import os
import numpy as np


# adds them up
@decorated
def f(u, v):
    # from zero
    if type(u) is np.ndarray and u.shape == v.shape:
        t = float(np.dot(u, v))
    else:
        t = 0.0
        for a, b in zip(u, v):
            t += a * b  # add
    return t + 1
'''
    )


def test_what_may_raise_runs_in_a_function_of_its_own():
    fast = Fast(GUARDS, "t = float(np.dot(u, v))", after=(Guard("t == t", "NaN"),), may_raise=True)
    text = rewritten(SUM, 0, 1, fast=fast)
    assert (
        '''
def _f_fast(u, v):
    """The fast path of `f`; NotImplemented where the original has to run."""
    if not (type(u) is np.ndarray and u.shape == v.shape):
        return NotImplemented
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            t = float(np.dot(u, v))
    except Exception:
        return NotImplemented
    if not (t == t):
        return NotImplemented
    return t


# adds them up
@decorated
def f(u, v):
    # from zero
    _fast = _f_fast(u, v)
    if _fast is NotImplemented:
        t = 0.0
        for a, b in zip(u, v):
            t += a * b  # add
    else:
        t = _fast
    return t + 1
'''
        in text
    )


def test_a_body_that_returns_leaves_the_original_where_it_stands():
    text = rewritten(SUM, 0, 2, fast=Fast(GUARDS, "return float(np.dot(u, v)) + 1"))
    changed = [line for line in diff(SUM, text, "f.py").splitlines() if line[0] in "+-"][2:]
    assert changed == [
        "+    if type(u) is np.ndarray and u.shape == v.shape:",
        "+        return float(np.dot(u, v)) + 1",
    ]


def test_tabs_and_windows_line_ends_stay():
    text = "def f(u):\r\n\tt = 0\r\n\tfor a in u:\r\n\t\tt += a\r\n\treturn t\r\n"
    assert rewritten(text, 0, 1, fast=Fast((Guard("u", ""),), "t = sum(u)")) == (
        "def f(u):\r\n\tif u:\r\n\t\tt = sum(u)\r\n"
        "\telse:\r\n\t\tt = 0\r\n\t\tfor a in u:\r\n\t\t\tt += a\r\n\treturn t\r\n"
    )


def test_a_replacement_keeps_the_comments_inside():
    text = rewritten(
        "def f(u):\n    t = 0\n    # each\n    for a in u:\n        t += a\n    return t\n",
        0,
        1,
        replacement="t = sum(u)",
    )
    assert text == "def f(u):\n    # each\n    t = sum(u)\n    return t\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("np = 3\ndef f(u):\n    t = u\n    return t\n", "name-taken"),
        ("def f(u, np):\n    t = u\n    return t\n", "name-taken"),
        ('def f(u):\n    t = """a\nb"""\n    return t\n', "multi-line-string"),
    ],
)
def test_what_cannot_be_edited_is_refused(text, code):
    with pytest.raises(Unfit) as refused:
        rewritten(text, 0, 0, fast=Fast((Guard("u", ""),), "t = np.sum(u)"), imports=("import numpy as np",))
    assert refused.value.code == code


def test_a_text_that_would_not_parse_is_never_given():
    with pytest.raises(Unfit, match="does not parse"):
        rewritten(SUM, 0, 1, replacement="t = = 1")


@pytest.mark.parametrize(
    ("head", "where"),
    [
        ("", 0), ('"""Doc."""\n', 2), ("from __future__ import annotations\n", 1), ("#!/usr/bin/python3\n# text\n", 2),
        ("import os\nx = 1\nimport sys\n\n", 3), ("import numpy as np\n", None), ("import numpy\n", 1),
    ],
)  # fmt: skip
def test_imports_stand_below_the_last_one(head, where):
    text = rewritten(
        head + "def f(u):\n    t = u\n    return t\n", 0, 0, replacement="t = u", imports=("import numpy as np",)
    )
    lines = text.splitlines()
    assert [at for at, line in enumerate(lines) if line == "import numpy as np"] == (
        [where] if where is not None else [0]
    )
    ast.parse(text)


names = st.sampled_from("abcde")
simple = st.one_of(
    st.builds("{} = {} + 1".format, names, names),
    st.builds("print({})  # said".format, names),
    st.builds("for {} in x:\n    {} = 2\n\n    # below\n    y = 3".format, names, names),
    st.just("if a:\n    b = 1\nelse:\n    b = 2"),
)


@given(statements=st.lists(simple, min_size=1, max_size=6), data=st.data())
def test_lines_that_are_not_meant_stay(statements, data):
    body = "\n".join(f"    {line}" if line else "" for each in statements for line in each.splitlines())
    text = f"import os\n\n\ndef f(a, b, c, d, e, x):\n{body}\n\n\ndef g():\n    return 1\n"
    at = data.draw(st.integers(0, len(statements) - 1))
    after = rewritten(text, at, at, fast=Fast((Guard("type(x) is list", ""),), "pass"))
    removed = [line[1:] for line in diff(text, after, "f.py").splitlines()[2:] if line.startswith("-")]
    added = [line[1:] for line in diff(text, after, "f.py").splitlines()[2:] if line.startswith("+")]
    assert {line.strip() for line in removed} <= {line.strip() for line in added}
    assert ast.dump(ast.parse(after).body[2]) == ast.dump(ast.parse(text).body[2])
    branch = next(
        node for node in ast.walk(ast.parse(after)) if isinstance(node, ast.If) and "type(x)" in ast.unparse(node.test)
    )
    assert ast.dump(ast.Module(branch.orelse, [])) == ast.dump(ast.Module([ast.parse(text).body[1].body[at]], []))
