"""The fast path does what the loop does: full-size calls with one spot changed, for each form and kind of container."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perftools.rewrite import loops
from perftools.rewrite.loops.kinds import FLOATS, ROWS
from tests.loop_cases import Pair, terms_of
from tests.loop_forms import FORMS, Containers, Form

CASES = [(name, kind) for name, form in FORMS.items() for kind in form.kinds]


class Floats(list[float]):
    pass


class Number(float):
    pass


SPOTS = (1, True, None, math.nan, math.inf, -math.inf, "1.5", 10**20, 0.0, -0.0, np.float32(1.5), np.float64(2.5),
         Number(1.25), 1e200, 1e-310, 3 + 0j)  # fmt: skip


def base_of(form: Form, kind: Containers) -> list[Any]:
    draw = np.random.default_rng(7)
    makers: dict[str, Callable[[], Any]] = {
        "v": lambda: draw.standard_normal(form.width if "m" in form.arguments else form.size),
        "m": lambda: draw.standard_normal((form.size if form.size != 200 else 60, form.width)),
        "w": lambda: draw.standard_normal(60),
        "n": lambda: [f"n{number}" for number in range(60)],
        "f": lambda: 0.3,
        "i": lambda: 7,
    }
    made = [makers[letter]() for letter in form.arguments]
    return [each.tolist() if kind == "lists" and isinstance(each, np.ndarray) else each for each in made]


def changed(value: Any) -> Iterator[Any]:
    """The same argument with one spot changed, or as something else."""
    if isinstance(value, np.ndarray):
        yield from _arrays(value)
    elif isinstance(value, list) and isinstance(value[0], list):
        yield from _rows(value)
    elif isinstance(value, list):
        middle = len(value) // 2
        for spot in SPOTS:
            yield [*value[:middle], spot, *value[middle + 1 :]]
        yield from (value[:1], [], value[:-1], [*value, 1.0], tuple(value), Floats(value), np.array(value), None, 3)
        yield from ([0.0] * len(value), [-0.0] * len(value), sorted(value), [max(value)] * len(value))
    else:
        yield from SPOTS


def _arrays(value: np.ndarray[Any, Any]) -> Iterator[Any]:
    for spot in (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e200, 1e-310):
        for at in (tuple(size // 2 for size in value.shape), (0,) * value.ndim):
            array = value.copy()
            array[at] = spot
            yield array
    yield from (value.astype(dtype) for dtype in ("f4", "i8", "O", ">f8", "c16", "?"))
    yield from (value[::2], value[::-1], value[:0], value[:1], value[:-1], value.tolist(), np.ma.masked_array(value))
    yield from (
        np.zeros_like(value),
        -np.zeros_like(value),
        np.ones_like(value),
        -np.abs(value),
        np.sort(value, axis=0),
    )
    frozen = value.copy()
    frozen.flags.writeable = False
    yield frozen
    if value.ndim == 2:
        zero = value.copy()
        zero[3] = 0.0
        draw = np.random.default_rng(5)
        yield from (zero, value[:, :0], value[:, :1], np.asfortranarray(value), np.repeat(value[:1], len(value), 0))
        yield np.array([draw.permutation(value[0]) for _ in value])
        yield value[:2]
    else:
        yield from (value[None, :], value[:, None], np.append(value, value[-1:]))


def _rows(rows: list[list[float]]) -> Iterator[Any]:
    for spot in SPOTS:
        copied = [row[:] for row in rows]
        copied[len(rows) // 2][len(rows[0]) // 2] = spot  # type: ignore[call-overload]
        yield copied
    others: tuple[Any, ...] = (rows[3][:-1], [*rows[3], 1.0], tuple(rows[3]), [], [0.0] * len(rows[3]), rows[2],
                               np.array(rows[3]), 1.0, None, Floats(rows[3]))  # fmt: skip
    yield from ([*rows[:3], other, *rows[4:]] for other in others)
    yield from (
        tuple(rows),
        Floats(rows),
        rows[:1],
        rows[:2],
        [],
        [[] for _ in rows],
        np.array(rows),
        [row[:1] for row in rows],
    )  # type: ignore[arg-type]
    yield [rows[0][:] for _ in rows]
    draw = np.random.default_rng(5)
    yield [draw.permutation(rows[0]).tolist() for _ in rows]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_full_size_calls_with_one_spot_changed(name: str, kind: Containers) -> None:
    form = FORMS[name]
    pair = Pair(form.text, kind)
    base = base_of(form, kind)
    pair.check(*base, terms=_terms(form, base), hit=True)
    for at, value in enumerate(base):
        for other in changed(value) if form.arguments[at] != "n" else (value[:-1], tuple(value), [1.0] * 60, None, []):
            args = [*base[:at], other, *base[at + 1 :]]
            pair.check(*args, terms=_terms(form, args))
    if len(base) > 1 and form.arguments[0] == form.arguments[1]:
        pair.check(base[0], base[0], *base[2:], terms=_terms(form, [base[0], base[0]]))


def _terms(form: Form, args: list[Any]) -> tuple[int, float] | None:
    if not form.rounds:
        return None
    n, total = terms_of([row for each in args if isinstance(each, list | np.ndarray | tuple) for row in each])
    largest = max([1.0, *(abs(each) for each in args if type(each) is float and math.isfinite(each))])
    return n * form.scale, min(total * form.scale * largest, 1e300)


@pytest.mark.parametrize("name", ["nearest", "rows above", "maximum", "argmax", "filter", "running sum"])
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_decides_is_bit_equal_on_ties_and_neighbours(name: str, data: st.DataObject) -> None:
    """Rows that are permutations of one another sum to neighbours, and to ties."""
    form = FORMS[name]
    pair = _pair(name)
    draw = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    few = data.draw(st.sampled_from([[0.1, 0.2, 0.3], [0.1], [1e16, 1.0, -1e16], [0.0, -0.0], [0.7, 0.1, 1e-17]]))
    rows, width = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 20))
    base: list[Any] = []
    for letter in form.arguments:
        if letter == "m":
            first = draw.choice(few, width)
            base.append(np.array([draw.permutation(first) for _ in range(rows)]))
        elif letter == "v" and "m" in form.arguments:
            base.append(np.full(width, draw.choice(few)))
        else:
            base.append(draw.choice(few, rows) if letter == "v" else float(draw.choice(few)))
    pair.check(*base)


_PAIRS: dict[str, Pair] = {}


def _pair(name: str) -> Pair:
    if name not in _PAIRS:
        _PAIRS[name] = Pair(FORMS[name].text, "arrays")
    return _PAIRS[name]


def test_stored_rows_are_not_converted() -> None:
    pair = Pair(FORMS["scores"].text, {"q": "list", "rows": "matrix"})
    base = base_of(FORMS["scores"], "arrays")
    pair.check(base[0].tolist(), base[1], terms=_terms(FORMS["scores"], base), hit=True)
    assert "_f8x2" not in pair.text and "_f8(q)" in pair.text


def test_what_a_fast_path_needs_comes_with_it() -> None:
    emission = Pair(FORMS["scores"].text, "lists").emission
    assert emission.imports == ("import marshal", "import numpy as np")
    assert "def _f8(" in emission.module_level and "def _f8x2(" in emission.module_level
    assert emission.results == ("result",)


def test_a_size_guard_is_no_mere_speed_guard_where_an_empty_loop_has_another_type() -> None:
    (size,) = [each for each in Pair(FORMS["dot"].text, "arrays").emission.guards if ">=" in each.code]
    assert not size.speed
    (size,) = [each for each in Pair(FORMS["elementwise"].text, "lists").emission.guards if ">=" in each.code]
    assert size.speed


def _converters() -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec("import marshal\nimport numpy as np\n" + FLOATS + ROWS, space)
    return space


@given(st.lists(st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=20)), max_size=12))
def test_a_list_is_converted_if_and_only_if_all_are_floats(items: list[Any]) -> None:
    convert = _converters()["_f8"]
    if all(type(each) is float for each in items):
        assert convert(items).tobytes() == np.array(items, dtype=float).tobytes()
    else:
        with pytest.raises((TypeError, ValueError)):
            convert(items)


@given(st.integers(0, 5), st.integers(0, 5), st.data())
def test_rows_are_converted_if_and_only_if_they_are_lists_of_floats_of_one_length(
    n: int, width: int, data: st.DataObject
) -> None:
    item = st.one_of(st.floats(), st.integers(0, 3)) if data.draw(st.booleans()) else st.floats()
    rows = [data.draw(st.lists(item, min_size=width, max_size=width + data.draw(st.integers(0, 1)))) for _ in range(n)]
    convert = _converters()["_f8x2"]
    if n and rows[0] and all(len(row) == len(rows[0]) and all(type(each) is float for each in row) for row in rows):
        assert convert(rows).tobytes() == np.array(rows, dtype=float).tobytes()
    else:
        with pytest.raises((TypeError, ValueError, IndexError)):
            convert(rows)


def test_an_int_and_an_np_float64_do_not_pass_for_two_floats() -> None:
    convert = _converters()["_f8"]
    with pytest.raises((TypeError, ValueError)):
        convert([1, np.float64(2.0)])
    with pytest.raises((TypeError, ValueError)):
        convert([Number(1.0)])


def test_all_kinds_are_assumed_for_what_is_known() -> None:
    found = Pair(FORMS["scaled scores"].text, "arrays").understood
    assert loops.assumed(found, "lists") == {"rows": "rows", "q": "list", "w": "float"}
    assert loops.assumed(found, "arrays") == {"rows": "matrix", "q": "vector", "w": "real"}
