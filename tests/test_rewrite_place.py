import libcst as cst
import pytest

from perftools.rewrite.kinds import kind
from perftools.rewrite.module import Module
from perftools.rewrite.place import Place


def place(text: str, **known) -> Place:
    module = Module(text)
    return Place(module, module.definitions[0] if module.definitions else None, **known)


FUNCTION = """
LIMIT = 3

def f(rows, key=None):
    total = 0
    for row in rows:
        value = row * LIMIT
        total += value
    last = value
    return total
"""


def test_statements_are_those_of_the_function_in_order():
    branch = "    a = 1\n    if a:\n        b = 2\n    else:\n        c = 3\n"
    at = place(f"def f():\n{branch}    def g():\n        d = 4\n    return b\n")
    assert [at.code(each).strip().partition("\n")[0] for each in at.statements()] == [
        "a = 1", "if a:", "b = 2", "c = 3", "def g():", "return b",
    ]  # fmt: skip


def test_only_the_line_asked_for():
    at = place(FUNCTION, line=7)
    assert [at.line_of(each) for each in at.statements()] == [6, 7]


def test_what_is_read_after_a_loop():
    at = place(FUNCTION)
    loop = next(each for each in at.statements() if isinstance(each, cst.For))
    assert at.read_after(loop, "value")
    assert at.read_after(loop, "total")
    assert not at.read_after(loop, "row")
    assert at.reads(loop) == {"rows", "row", "LIMIT", "total", "value"}
    assert at.writes(loop) == {"row", "value", "total"}


def test_a_loop_around_or_a_closure_reads_again():
    at = place("def f(xs):\n    while xs:\n        y = g(x)\n        x = 1\n    z = 2\n    return lambda: z\n")
    statements = list(at.statements())
    assert at.read_after(statements[2], "x")
    assert at.read_after(statements[3], "z")
    assert not at.read_after(statements[3], "y")


@pytest.mark.parametrize(
    ("use", "once"),
    [
        ("for x in T: pass", True), ("y = T[0] + 1", True), ("y = 3 in T", True), ("n = len(T)", True),
        ("T.append(1)", False), ("T[0] = 1", False), ("T[0].append(1)", False), ("u = T", False), ("return T", False),
        ("g(T)", False), ("del T[0]", False), ("global T", False), ("T.sort()", False), ("y = T.index(3)", True),
        ("T[0] += 1", False), ("y = [T]", False),
    ],
)  # fmt: skip
def test_a_constant_is_what_nobody_changes_or_hands_on(use, once):
    assert place(f"T = [1, 2]\n\ndef f():\n    {use}\n").assigned_once("T") is once


def test_a_name_bound_twice_is_no_constant():
    assert not place("T = [1]\nT = [2]\n\ndef f(): ...\n").assigned_once("T")
    assert not place("def f(): ...\n").assigned_once("len")


@pytest.mark.parametrize(
    ("expression", "pure"),
    [
        ("a * b + c[0]", True), ("max(a, b)", True), ("math.sqrt(a)", True), ("len(a) < 3", True),
        ("g(a)", False), ("a.b", False), ("(x := 3)", False), ("f'{a}'", False), ("a.sort()", False),
    ],
)  # fmt: skip
def test_pure_is_what_runs_no_unknown_code(expression, pure):
    at = place(f"import math\n\ndef f(a, b, c):\n    return {expression}\n")
    (value,) = (each.value for each, _ in at.expressions(cst.Return))
    assert at.is_pure(value) is pure


def test_facts_are_found_by_function_first():
    at = place(FUNCTION, facts={"rows": kind("list[float]"), "f.rows": kind("ndarray[f8, C]"), "g.rows": kind("dict")})
    assert str(at.kind("rows")) == "ndarray[f8, C]"
    assert at.kind("total") is None


@pytest.mark.parametrize(
    "text",
    ["list[float]", "ndarray[f8, C]", "ndarray[i4]", "dict[str, list[float | int]]", "DataFrame", "list[list[float]]"],
)
def test_kinds_are_read_back(text):
    assert str(kind(text)) == text


@pytest.mark.parametrize("text", ["", "list[", "[float]", "list[float]]", "list[float"])
def test_what_is_no_kind_is_refused(text):
    with pytest.raises(ValueError, match=r"type|bracket"):
        kind(text)


def _loop_read_after(text: str, name: str = "i") -> bool:
    module = Module(text)
    at = Place(module, module.definitions[0])
    loop = next(each for each in at.statements() if isinstance(each, cst.For))
    return at.read_after(loop, name)


def test_a_name_that_is_bound_anew_is_not_read_after():
    loop = "def f(xs, c):\n    for i in xs:\n        g(i)\n"
    assert not _loop_read_after(loop + "    for i in xs:\n        g(i)\n")
    assert not _loop_read_after(loop + "    i = 3\n    return i\n")
    assert not _loop_read_after(loop + "    if c:\n        i = 1\n    else:\n        i = 2\n    return i\n")
    assert _loop_read_after(loop + "    if c:\n        i = 1\n    return i\n")
    assert _loop_read_after(loop + "    i += 1\n")
    assert _loop_read_after(loop + "    i = i\n")
    assert _loop_read_after(loop + "    for i in i:\n        pass\n")
    assert _loop_read_after(loop + "    for i in xs:\n        pass\n    return i\n")
    assert _loop_read_after(loop + "    for j in xs:\n        i = j\n    return i\n")
    assert _loop_read_after(loop + "    with c:\n        i = 1\n    return i\n")
    assert _loop_read_after(loop + "    while c:\n        i = 1\n    return i\n")
    assert _loop_read_after(loop + "    def g():\n        return i\n    i = 3\n")


def test_a_name_may_be_read_by_the_next_pass_of_a_loop_around():
    def inside(rest: str, before: str = "pass", after: str = "pass") -> str:
        return f"def f(xs):\n    while g():\n        {before}\n        {{}}\n{rest}    {after}\n"

    loop = "for i in xs:\n            g(i)"
    assert not _loop_read_after(inside("").format(loop))
    assert _loop_read_after(inside("", before="h(i)").format(loop))
    assert not _loop_read_after(inside("        i = 1\n", before="h(i)").format(loop))
    assert _loop_read_after(inside("        if g():\n            break\n        i = 1\n", after="h(i)").format(loop))
    assert not _loop_read_after(inside("        if g():\n            break\n        i = 1\n").format(loop))


def test_where_an_exception_may_be_handled_every_read_below_counts():
    loop = "        for i in xs:\n            g(i)\n        i = 1\n"
    text = f"def f(xs):\n    try:\n{loop}    except E:\n        pass\n    h(i)\n"
    assert _loop_read_after(text)
