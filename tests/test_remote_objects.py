"""Types and sizes, read from our own memory: the interpreter that runs the tests knows the truth."""

from __future__ import annotations

import array
import collections
import enum
import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftools.record import Type
from perftools.remote import iterators
from perftools.remote.attributes import attributes
from perftools.remote.memory import Unreadable
from perftools.remote.objects import MAX_CALLS, describe
from perftools.remote.strings import read_name
from tests.remote_fixtures import own_heap, own_runtime


def seen(value: Any, *fields: str) -> tuple[str, tuple[int, ...]]:
    type_, sizes = describe(own_heap(), id(value), fields)
    return str(type_), sizes


class Plain:
    shared = 2.5

    def __init__(self) -> None:
        self.x = 1.5
        self.rows = [[1.0, 2.0]] * 20

    @property
    def computed(self) -> float:
        return self.x


class Slots:
    __slots__ = ("unset", "x")

    def __init__(self) -> None:
        self.x = 1.5


class SlotsAndDict(Slots):
    pass


class Pair(NamedTuple):
    key: int
    score: float


class Rows(list[float]):
    pass


class Weight(float):
    pass


class Colour(enum.IntEnum):
    RED = 1


def _many_attributes() -> Plain:
    """More attributes than the class's shared keys have room for: the instance gets a dict of its own."""
    plain = Plain()
    for number in range(60):
        setattr(plain, f"extra_{number}", number)
    return plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, ("float", ())),
        (7, ("int", ())),
        (1 << 80, ("int", ())),
        (True, ("bool", ())),
        (None, ("NoneType", ())),
        ("text", ("str", ())),
        ("ünï", ("str", ())),
        (b"abc", ("bytes", (3,))),
        (bytearray(5), ("bytearray", (5,))),
        (range(3, 30, 3), ("range", (9,))),
        ([], ("list", (0,))),
        ((), ("tuple", (0,))),
        ({}, ("dict", (0,))),
        (set(), ("set", (0,))),
        ([1.0] * 1000, ("list[float]", (1000,))),
        ([[1.0] * 64] * 500, ("list[list[float]]", (500, 64))),
        ([[[[1.0]] * 2] * 3] * 4, ("list[list[list[list]]]", (4, 3, 2, 1))),
        ([1.0, 2.0, 3], ("list[float | int]", (3,))),
        ([1.0] * 99 + ["rare"], ("list[float]", (100,))),
        ((1.0, "a"), ("tuple(0: float, 1: str)", (2,))),
        ([(str(n), float(n)) for n in range(40)], ("list[tuple(0: str, 1: float)]", (40, 2))),
        ([(1.0, "a"), (1.0, "a", 2)], ("list[tuple[float | str | int]]", (2, 2))),
        ({"a": 1.0}, ("dict[str, float]", (1,))),
        ({n: [1.0] * 8 for n in range(5000)}, ("dict[int, list[float]]", (5000, 8))),
        ({str(n) for n in range(90)}, ("set[str]", (90,))),
        (frozenset({1.5}), ("frozenset[float]", (1,))),
        (collections.deque([1.0] * 300), ("deque[float]", (300,))),
        (collections.deque([[1.0]], maxlen=3), ("deque[list[float]]", (1, 1))),
        (collections.OrderedDict(a=1.0), ("OrderedDict[str, float]", (1,))),
        (collections.defaultdict(list, {1: [1.0]}), ("defaultdict[int, list[float]]", (1, 1))),
        (collections.Counter("abca"), ("Counter[str, int]", (3,))),
        (array.array("d", [1.0] * 9), ("array[d]", (9,))),
        (array.array("i"), ("array[i]", (0,))),
        (Rows([1.0, 2.0]), ("Rows[float]", (2,))),
        (Weight(1.5), ("Weight", ())),
        (Colour.RED, ("Colour", ())),
        (Plain(), ("Plain", ())),
        (Plain, ("type", ())),
        (len, ("builtin_function_or_method", ())),
        (itertools, ("module", ())),
    ],
    ids=lambda value: str(value)[:30],
)
def test_known_objects(value: Any, expected: tuple[str, tuple[int, ...]]) -> None:
    assert seen(value) == expected


def test_a_dict_with_holes() -> None:
    numbers: dict[Any, Any] = dict.fromkeys(range(3000), "old")
    for number in range(2990):
        del numbers[number]
    numbers["key"] = 1.0
    assert seen(numbers)[1] == (11,)
    assert seen(numbers)[0].startswith("dict[int")


def test_fields_of_records_and_instances() -> None:
    record = {"id": "a", "price": 1.5, "rows": [1.0] * 9, 7: 1}
    assert seen(record, "price", "rows", "absent") == ("dict(price: float, rows: list[float])", (4,))
    assert seen([Plain()] * 30, "x", "rows", "shared", "computed", "absent") == (
        "list[Plain(x: float, rows: list[list], shared: float)]",
        (30,),
    )
    assert seen(Plain(), "rows")[0] == "Plain(rows: list[list[float]])"
    assert seen(_many_attributes(), "x", "extra_50")[0] == "Plain(x: float, extra_50: int)"
    assert seen(Slots(), "x", "unset")[0] == "Slots(x: float)"
    assert seen(SlotsAndDict(), "x")[0] == "SlotsAndDict(x: float)"
    assert seen([Pair(1, 1.5)] * 3, "score") == ("list[Pair(score: float)]", (3, 2))
    assert seen(SimpleNamespace(x=1.5), "x")[0] == "SimpleNamespace"  # a built-in type: not looked into


def test_attributes_are_those_that_are_stored() -> None:
    heap, plain = own_heap(), Plain()
    found = attributes(heap, heap.object(id(plain)), ("rows", "x", "shared", "computed", "method", "absent"))
    assert found == {"rows": id(plain.rows), "x": id(plain.x), "shared": id(Plain.shared)}
    assert attributes(heap, heap.object(id(itertools)), ("chain",)) == {"chain": id(itertools.chain)}


def test_numpy_and_pandas() -> None:
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    assert seen(numpy.zeros((3, 4))) == ("ndarray[f8, C]", (3, 4))
    assert seen(numpy.zeros((3, 4), order="F")) == ("ndarray[f8, F]", (3, 4))
    assert seen(numpy.zeros((6, 6))[::2, ::2]) == ("ndarray[f8]", (3, 3))
    assert seen(numpy.array(5)) == ("ndarray[i8, C]", ())
    for dtype in ("b1", "i1", "u2", "i4", "u8", "f2", "f4", "f16", "c8", "c16", "M8", "m8", "O"):
        unit = "[s]" if dtype in ("M8", "m8") else ""
        assert seen(numpy.zeros(2, dtype + unit)) == (f"ndarray[{dtype}, C]", (2,))
    assert seen(numpy.array(["ab"])) == ("ndarray[U, C]", (1,))
    assert seen([numpy.zeros(8)] * 20) == ("list[ndarray[f8, C]]", (20, 8))
    assert seen(numpy.float64(1.5)) == ("float64", ())
    frame = pandas.DataFrame({"a": [1.0] * 1234, "b": ["x"] * 1234})
    assert seen(frame)[0] == "DataFrame"
    assert seen(frame)[1][0] == 1234
    assert seen(frame["a"]) == ("Series", (1234,))
    assert seen(frame.set_index("a").iloc[:7])[1][0] == 7
    assert seen(frame.iloc[:9].set_index(["a", "b"]))[1][:1] == (9,)
    assert seen(pandas.DataFrame(numpy.zeros((5, 3)))) == ("DataFrame", (5, 3))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (iter, [0]),
        (lambda data: iter(tuple(data)), ["tuple"]),
        (reversed, [0]),
        (enumerate, [0]),
        (lambda data: zip(data, data, strict=True), [0, 0]),
        (lambda data: map(abs, data), [0]),
        (lambda data: filter(None, data), [0]),
        (lambda data: (value for value in data), [0]),
        (lambda data: enumerate(zip(data, map(abs, data), strict=True)), [0, 0]),
        (lambda data: itertools.islice(data, 5), [0]),
        (lambda data: iter(dict.fromkeys(data).items()), ["dict"]),
        (lambda data: iter(dict.fromkeys(data)), ["dict"]),
        (lambda data: dict.fromkeys(data).values(), ["dict"]),
        (lambda data: iter(set(data)), ["set"]),
        (lambda data: iter(collections.deque(data)), ["deque"]),
        (lambda data: iter(array.array("d", data)), ["array"]),
        (lambda data: iter("text"), ["str"]),
    ],
)
def test_iterators_lead_to_their_containers(make: Callable[[Any], Any], expected: list[Any]) -> None:
    data, heap = [1.0, 2.0, 3.0], own_heap()
    iterator = make(data)
    found = iterators.containers(heap, heap.object(id(iterator)))
    assert [id(data) if name == 0 else name for name in expected] == [
        object_.address if name == 0 else object_.type.name for name, object_ in zip(expected, found, strict=True)
    ]


def test_an_exhausted_iterator_leads_nowhere() -> None:
    heap, iterator = own_heap(), iter([1.0])
    list(iterator)
    assert iterators.containers(heap, heap.object(id(iterator))) == []


def test_running_ranges_know_their_length() -> None:
    iterator = iter(range(1000))
    for _ in range(100):
        next(iterator)
    assert seen(iterator) == ("range", (1000,))


_LEAVES = {"float": 1.5, "int": 3, "str": "a", "bool": True, "NoneType": None}
_Spec = Any
_specs = st.recursive(
    st.sampled_from(sorted(_LEAVES)),
    lambda inner: st.tuples(st.sampled_from(["list", "tuple", "dict", "deque"]), st.integers(1, 40), inner),
    max_leaves=4,
)


def _build(spec: _Spec) -> Any:
    if isinstance(spec, str):
        return _LEAVES[spec]
    name, length, inner = spec
    items = [_build(inner) for _ in range(length)]
    if name == "dict":
        return dict(enumerate(items))
    return {"list": list, "tuple": tuple, "deque": collections.deque}[name](items)


def _truth(spec: _Spec, depth: int = 0) -> tuple[Type, tuple[int, ...]]:
    if isinstance(spec, str):
        return Type(name=spec), ()
    name, length, inner = spec
    if depth == 3:  # the deepest that is read: its name and length
        return Type(name=name), (length,)
    kind, sizes = _truth(inner, depth + 1)
    return Type(name=name, items=(kind,), keys=(Type(name="int"),) if name == "dict" else ()), (length, *sizes)


@given(_specs)
def test_any_nesting(spec: _Spec) -> None:
    value, heap = _build(spec), own_heap()
    before = heap.memory.calls
    assert describe(heap, id(value)) == _truth(spec)
    assert heap.memory.calls - before <= MAX_CALLS + 50


@given(st.text(max_size=100))
def test_names_of_any_characters(text: str) -> None:
    own_heap()
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate is no name
        return
    assert read_name(own_runtime(), id(text)) == text


def test_what_is_no_object_is_refused() -> None:
    heap = own_heap()
    buffer = array.array("Q", [0] * 64)
    for address in (0, 8, 4097, 1 << 60, buffer.buffer_info()[0]):
        with pytest.raises(Unreadable):
            describe(heap, address)
    found = heap.objects([0, id(buffer), 16])
    assert [object_ and object_.address for object_ in found] == [None, id(buffer), None]
