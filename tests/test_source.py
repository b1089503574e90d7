"""The function around a line, and what its text says."""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
from collections.abc import Iterator
from types import ModuleType

import libcst as cst
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perftools.record import Source
from perftools.source import Model, Unit, carried, effort, enclosing, read, reader, syntax, watch
from perftools.source.extent import Outline


def model(text: str, function: str = "<module>") -> Model:
    return read(Source(file="a.py", first_line=1, text=textwrap.dedent(text), sha256="", function=function))


def only_unit(text: str) -> Unit:
    (unit,) = model(text).units
    return unit


def functions(module: ModuleType) -> tuple[str, list[tuple[int, int, str]]]:
    """Every outermost function of a module: first line with decorators, last line, qualified name; by `ast`."""
    text = inspect.getsource(module)
    found: list[tuple[int, int, str]] = []

    def visit(nodes: list[ast.stmt], prefix: str) -> None:
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                assert node.end_lineno is not None
                found.append((first, node.end_lineno, prefix + node.name))

    visit(ast.parse(text).body, "")
    return text, found


MODULES = [
    "argparse",
    "asyncio.base_events",
    "dataclasses",
    "statistics",
    "typing",
    "tarfile",
    "json.decoder",
    "tokenize",
]


@pytest.mark.parametrize("name", MODULES)
def test_extents_agree_with_the_parser_on_real_modules(name: str) -> None:
    module = __import__(name, fromlist=["_"])
    text, expected = functions(module)
    assert len(expected) > 3
    outline = Outline(text)
    for first, last, function in expected:
        for line in {first, (first + last) // 2, last}:
            extent = outline.enclosing(line)
            assert extent is not None
            assert (extent.first_line, extent.last_line, extent.function) == (first, last, function)


@example("@\n:", 1)
@example(" @\n:", 1)
@given(st.text(alphabet="abdef \n\t():\"'#\\@{}[]=", max_size=200), st.integers(min_value=1, max_value=60))
def test_any_text_and_line_give_an_extent_around_the_line_or_none(text: str, line: int) -> None:
    extent = enclosing(text, line)
    if extent is not None:
        assert 1 <= extent.first_line <= line
        assert extent.first_line <= extent.last_line <= text.count("\n") + 1


@given(st.text(max_size=300))
def test_reading_any_text_never_raises(text: str) -> None:
    model(text)


def nested(loops: int, body: str) -> str:
    heads = [f"{' ' * at}for a{at} in rows[{at}]:\n" for at in range(loops)]
    return "".join(heads) + "".join(f"{' ' * loops}{line}\n" for line in body.split("\n"))


DEEP = [
    nested(12, "\n".join(["total[i] += w * math.sqrt(x)"] * 20)),
    nested(3, "\n".join(f"{' ' * at}if a < {at}:" for at in range(30)) + "\n" + " " * 30 + ";".join(["a = b"] * 200)),
    nested(3, "\n".join(["x = m" + "[0]" * 20] * 10)),
    "x = " + "sum(f(y) for y in " * 20 + "ys" + ")" * 20 + "\n",
    "x = " + "sorted(" * 40 + "ys" + ")" * 40 + "\n",
    "x = " + "[" * 20 + "y" + " for y in ys]" * 20 + "\n",
    "".join(f"class A{at}:\n  def f(self):\n    for x in xs: s += x\n" for at in range(100)),
    "while True:\n" + "".join(f"{' ' * at}while a[{at}]:\n" for at in range(1, 30)) + " " * 30 + "f(g(a), b)\n",
]


@pytest.mark.parametrize("text", DEEP)
def test_the_work_of_reading_is_known_before_it_is_done(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = effort.visits(cst.parse_module(text))
    monkeypatch.setattr(reader, "_MOST_VISITS", expected)
    looked_at = 0

    def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        nonlocal looked_at
        looked_at += 1
        yield from real(node)

    real = syntax.children
    monkeypatch.setattr(syntax, "children", children)
    monkeypatch.setattr(carried, "children", children)
    assert model(text).units, "so much is read"
    assert expected / 8 < looked_at < 8 * expected
    monkeypatch.setattr(reader, "_MOST_VISITS", expected - 1)
    assert model(text + "\n") == Model(), "and no more"


def test_what_would_take_too_long_is_not_read() -> None:
    line = "total[i] += self.weights[i] * math.sqrt(x - mean)"
    assert model(nested(19, "\n".join([line] * 400))) == Model()
    assert model("x = 1\n" * 20_000) == Model()
    assert len(model(nested(3, "\n".join([line] * 200))).units) == 3


def test_a_top_level_statement_keeps_its_else() -> None:
    text = "import a\nif a:\n    x = 1\nelse:\n    for i in a:\n        x += i\ny = 2\n"
    assert enclosing(text, 5) == (2, 6, "<module>")
    assert enclosing(text, 7) == (7, 7, "<module>")


def test_a_decorated_class_begins_with_its_decorators() -> None:
    text = "import a\n@a.data\n@a.frozen\nclass Row:\n    x: int = a.field(\n        3)\n\n    def f(self): pass\n"
    assert {enclosing(text, line) for line in (2, 3, 4, 5)} == {(2, 8, "<module>")}
    assert enclosing(text, 8) == (8, 8, "Row.f")


def test_what_has_no_end_runs_to_the_end_of_its_line_or_text() -> None:
    assert enclosing("def f():\n    s = 'abc\n    return s\n", 3) == (1, 3, "f")
    assert enclosing('def f():\n    s = """abc\n    return s\n', 3) == (1, 4, "f")
    assert enclosing("def f():\n    s = (abc\n    return s\n", 3) == (1, 4, "f")


@pytest.mark.parametrize("piece", ['\\"""\n', '\\"', "\\'", "'''\\\n", "\"'", "(\n", "# '\n", "f('''"])
def test_any_text_is_scanned_in_linear_time(piece: str) -> None:
    def seconds(repeats: int) -> float:
        taken = []
        for _ in range(3):
            start = time.process_time()
            Outline(piece * repeats)
            taken.append(time.process_time() - start)
        return min(taken)

    assert seconds(16_000) < 32 * max(seconds(2000), 1e-4), "8 if linear, 64 if quadratic"


def test_newer_syntax_than_ours_is_cut_out_by_indentation() -> None:
    text = 'def f(rows):\n    type X = int\n    return [f"{row["x"]}" for row in rows]\n\ndef g():\n    pass\n'
    assert enclosing(text, 3) == (1, 3, "f")


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ("for x in xs:\n    s += x * w\n", False),
        ("for x in xs:\n    s = s + x * w\n", False),
        ("for x in xs:\n    best = max(best, x)\n", False),
        ("for x in xs:\n    if x > best:\n        best = x\n", False),
        ("while i < n:\n    s += a[i] * b[i]\n    i += 1\n", False),
        ("for i in range(n):\n    out[i] = a[i] * w\n", False),
        ("for row in rows:\n    s = 0.0\n    for v in row:\n        s += v\n    out.append(s / n)\n", False),
        ("for v in vs:\n    xs = np.append(xs, v)\n", False),
        ("for x in xs:\n    a[i] += x\n", False),
        ("for r in rows:\n    r['score'] = r['price'] * r['weight']\n", False),
        ("for r in rows:\n    r[2] = r[0] * r[1]\n", False),
        ("for p in particles:\n    p.x = p.x + p.vx * dt\n", False),
        ("for row in rows:\n    for c in row:\n        c.y = c.y * 2.0\n", False),
        ("for x in xs:\n    s = s + x * w + b\n", False),
        ("for x in xs:\n    s = x * w + s + 1.0\n", False),
        ("for x in xs:\n    p = 2.0 * p * x\n", False),
        ("for x in xs:\n    lo, hi = min(lo, x), max(hi, x)\n", False),
        ("for x in xs:\n    sx, sy = sx + x, sy + x * x\n", False),
        ("for a in xs:\n    best = a if a > best else best\n", False),
        ("for x in xs:\n    acc = acc + x * w if x > 0.5 else acc\n", False),
        ("for i in range(n):\n    if a[i] > m:\n        m, j = a[i], i\n", False),
        ("for x in xs:\n    if best is None or x > best:\n        best = x\n", False),
        ("while i < n:\n    s += a[i]\n    i += step\n", False),
        ("for x in xs:\n    hist[0] = hist[0] + x\n", False),
        ("for i in range(n):\n    a[i] = a[i] * 2.0\n", False),
        ("for x in xs:\n    state[0] = 0.9 * state[0] + 0.1 * x\n", True),
        ("for x in xs:\n    s['level'] = s['level'] * 0.9 + x * 0.1\n", True),
        ("for x in xs:\n    a, b = b, a + b\n", True),
        ("for x in xs:\n    s = w - s\n", True),
        ("for x in xs:\n    i += x\n    out.append(t[i])\n", True),
        ("for x in xs:\n    y = a * x + b * y\n", True),
        ("for x in xs:\n    level += k * (x - level)\n", True),
        ("for x in xs:\n    self.state = self.state * k + x\n", True),
        ("for x in xs:\n    total += x\n    out.append(total)\n", True),
        ("for i in range(1, n):\n    d[i] = d[i - 1] + c[i]\n", True),
        ("for x in xs:\n    out.append(out[-1] + x)\n", True),
        ("for x in xs:\n    delta = x - prev\n    prev = x\n", True),
        ("for x in xs:\n    balance += x\n    if balance < 0:\n        alarms.append(x)\n", True),
    ],
)
def test_carried_dependence(text: str, carried: bool) -> None:
    loop = model(text).units[0]
    assert bool(loop.carried) is carried, loop.carried


def test_state_on_attributes_is_carried_by_a_function() -> None:
    text = """
    class Filter:
        def update(self, x):
            self.level = self.level + self.k * (x - self.level)
            return self.level
        def scaled(self, x):
            return x * self.k
    """
    update, scaled = model(text).functions
    assert update.name == "Filter.update" and update.carried
    assert scaled.name == "Filter.scaled" and not scaled.carried


@pytest.mark.parametrize(
    "text",
    [
        "while True:\n    job = queue.get()\n    run(job)\n",
        "while not stop.is_set():\n    step()\n",
        "while time.monotonic() < end:\n    step()\n",
        "for job in iter(queue.get, None):\n    run(job)\n",
        "async def f():\n    async for m in stream:\n        run(m)\n",
        "async def f():\n    for m in batch:\n        await run(m)\n",
        "for x in xs:\n    time.sleep(1)\n",
    ],
)
def test_service_loops(text: str) -> None:
    assert only_unit(text).service


@pytest.mark.parametrize(
    "text",
    [
        "while True:\n    x = x * 2\n    if x > 9: break\n",
        "for x in xs:\n    d.get(x)\n",
        "for x in xs:\n    ','.join(x)\n",
        "while i < n:\n    i += 1\n",
    ],
)
def test_loops_that_work_are_no_service(text: str) -> None:
    assert not only_unit(text).service


def kinds(text: str) -> list[str]:
    return sorted(operation.kind for operation in model(text).operations)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s += a * b", ["arithmetic", "arithmetic"]),
        ("i += 1", []),
        ("x = a[i + 1]", []),
        ("x = i + 1", []),
        ("x = math.sqrt(a)", ["arithmetic"]),
        ("x = sum(row)", ["arithmetic"]),
        ("x = np.dot(a, b)", ["arithmetic"]),
        ("x = reduce(operator.mul, xs)", ["arithmetic", "arithmetic"]),
        ("x = name.strip().lower()", ["text", "text"]),
        ("x = f'{a}'", ["text"]),
        ("x = 'a' + b", ["text"]),
        ("x = a == 'b'", ["text"]),
        ("x = a // cell", ["integer"]),
        ("x = ring[i % n]", []),
        ("x = '%s' % a", ["text"]),
        ("x = counts[int(a / width)]", ["arithmetic"]),
        ("x = a & b", ["bits"]),
        ("h ^= x", ["bits"]),
        ("x = a in b", ["membership"]),
        ("heapq.heappush(q, x)", ["queue"]),
        ("self.x = a", ["store"]),
        ("x = isinstance(a, B)", ["reflection"]),
        ("x = d.get(k, 0.0)", ["lookup"]),
        ("def f(x: int | None) -> int | None: return x", []),
        ("x = [0] * n", []),
    ],
)
def test_operations(text: str, expected: list[str]) -> None:
    found = kinds(text + "\n")
    if text.startswith("x = reduce"):
        assert set(found) == {"arithmetic"}
    else:
        assert found == expected


def test_a_generator_inside_sum_is_one_loop_with_its_call() -> None:
    unit = only_unit("total = sum(a * b for a, b in zip(xs, self.ys))\n")
    assert unit.kind == "call"
    assert unit.iterates == ("xs", "self.ys")
    assert unit.targets == ("a", "b")


def test_names_by_use() -> None:
    unit = only_unit("for i, row in enumerate(rows):\n    s += row['x'] * table[i] + part[1:] + scores.get(k)\n")
    assert unit.iterates == ("rows",)
    assert set(unit.subscripts) == {"row", "table", "scores"}
    assert unit.slices == ("part",)
    assert "x" in unit.fields


def test_watch_reads_containers_first() -> None:
    source = Source(
        file="a.py",
        first_line=10,
        text="def f(rows, w):\n    out = []\n    for row in rows:\n        out.append(row.x * w)\n    return out",
        sha256="",
        function="f",
    )
    seen = watch(source)
    assert (seen.first_line, seen.end_line) == (10, 14)
    assert seen.paths[0] == "rows"
    assert {"row", "w"} <= set(seen.paths)
    assert "out" not in seen.paths
    assert "out" in watch(source, assigned=True).paths
    assert "x" in seen.fields


def test_depth_counts_for_loops_of_the_same_code_only() -> None:
    text = """
    def f(rows):
        for row in rows:
            while row:
                for x in row:
                    g(lambda: [y * 2 for y in x])
    """
    outer, endless, inner, comprehension = model(text).units
    assert [each.depth for each in (outer, endless, inner)] == [0, 1, 1]
    assert comprehension.depth == 0
