"""Closed forms as array expressions: each open loop is one axis, in the order of nesting."""

from __future__ import annotations

from perftools.rewrite.loops import code, operators, sums
from perftools.rewrite.loops.code import ATOM, MUL, UNARY, Code, infix
from perftools.rewrite.loops.counts import affine, minus, plus
from perftools.rewrite.loops.ir import (
    NOTHING,
    ZERO,
    Const,
    Dim,
    Index,
    Load,
    Op,
    Red,
    Root,
    Scan,
    Value,
    Where,
    constant,
    free,
    walk,
)
from perftools.rewrite.loops.kinds import LISTS, RANK, Kind
from perftools.rewrite.loops.refusals import Unclear
from perftools.rewrite.loops.types import MIXED, ROW, type_of
from perftools.rewrite.loops.understood import Understood


class Emitter:
    """The statements of one fast path, in the making."""

    def __init__(self, understood: Understood, kinds: dict[str, Kind]) -> None:
        self.understood = understood
        self.kinds = kinds
        self.conversions: dict[str, tuple[str, str]] = {}
        """Root -> (name of its array, the statement that makes it)."""
        self.equal: dict[tuple[Value, Value], None] = {}
        self.least: dict[int, None] = {}
        """Loops that must run at least once, or the result's type is another."""
        self.lines: list[str] = []
        self.places: dict[tuple[str, str, int, Value], tuple[Code, Code]] = {}
        self._memo: dict[tuple[Value, bool], Code] = {}
        function = understood.place.function
        self._used = {*understood.place.module.names_in(function), *understood.results, "np", "marshal"}
        for loop in understood.loops:
            space = understood.spaces[loop]
            for length in space.equal:
                self.equal[length, space.count] = None

    def name(self, stem: str) -> str:
        """A local name that nothing else has."""
        number, found = 1, stem
        while found in self._used:
            number += 1
            found = f"{stem}_{number}"
        self._used.add(found)
        return found

    def keep(self, stem: str, made: Code) -> Code:
        """Give an expression a name of its own."""
        if made.level == ATOM and made.text.isidentifier():
            return made
        found = self.name(stem)
        self.lines.append(f"{found} = {made.text}")
        return Code(found, made.axes)

    def back_if(self, test: str, why: str) -> None:
        """Back to the original where this holds; at this point of the body."""
        line = f'if {test}:\n    raise ValueError("{why}")'
        if line not in self.lines:
            self.lines.append(line)

    def named(self, stem: str, value: Value, *, exact: bool = False) -> Code:
        """The expression of a value that is used more than once, under a name."""
        made = self.keep(stem, self.array(value, exact=exact))
        self._memo[value, exact] = made
        return made

    def settled(self, value: Value, *, typed: bool = True) -> Value:
        """Of `v if usual else c` the usual value alone, where the constant c is of another type or `v` may fail."""
        if not isinstance(value, Where) or NOTHING in (value.yes, value.no) or not free(value.test):
            return value
        mixed = typed and self.type(value) == MIXED
        for usual, rare, want in ((value.no, value.yes, False), (value.yes, value.no, True)):
            if isinstance(rare, Const) and ((mixed and _is_rare(value.test)) or _may_fail(usual)):
                condition = self.array(value.test, exact=True)
                if condition.axes:
                    text = f"not {condition.at(ATOM)}.all()" if want else f"{condition.at(ATOM)}.any()"
                    self.back_if(text, "a case that is computed otherwise")
                    return self.settled(usual, typed=typed)
        return value

    def type(self, value: Value) -> str:
        return type_of(value, self.kinds)

    def root(self, path: str) -> str:
        """The array of a container; a list is converted once."""
        kind = self.kinds[path]
        if kind not in LISTS:
            return path
        if path not in self.conversions:
            name = self.name(f"{path.rpartition('.')[2]}_array")
            self.conversions[path] = name, f"{name} = {'_f8' if kind == 'list' else '_f8x2'}({path})"
        return self.conversions[path][0]

    def count(self, value: Value) -> str:
        """A length as text."""
        return self.whole(value).text

    def whole(self, value: Value) -> Code:
        """A count or an index that no loop is in."""
        match value:
            case Const("int", text):
                return Code(text, level=UNARY if text.startswith("-") else ATOM)
            case Root(path) if self.kinds.get(path, "int") == "int":
                return Code(path)
            case Dim(Root(path), 0) if RANK[self.kinds[path]] > 0:
                return Code(f"len({path})")
            case Dim(Root(path), axis) if RANK[self.kinds[path]] > axis:
                return Code(f"{self.root(path)}.shape[{axis}]")
            case Op("+" | "-" | "*" as symbol, (left, right)):
                return infix(symbol, operators.LEVELS[symbol], self.whole(left), self.whole(right))
        raise Unclear(None, "loop-bound", getattr(value, "path", type(value).__name__))

    def array(self, value: Value, *, exact: bool) -> Code:
        """The expression of a value. `exact`: it decides something and must be bit-equal. Raises Unclear."""
        known = self._memo.get((value, exact)) or (None if exact else self._memo.get((value, True)))
        if known is not None:
            return known
        made = self._array(value, exact=exact)
        if isinstance(value, Red | Scan):
            made = self.keep("total" if isinstance(value, Red) else "running", made)
        self._memo[value, exact] = made
        return made

    def _array(self, value: Value, *, exact: bool) -> Code:
        match value:
            case Const(kind, text):
                if kind not in ("float", "int", "bool"):
                    raise Unclear(None, "expression", text)
                text = {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(text, text)
                return Code(text, level=UNARY if text.startswith("-") else ATOM)
            case Root(path):
                if self.type(value) == ROW:
                    raise Unclear(None, "row-as-value", path)
                return Code(path)
            case Load():
                return self._load(value)
            case Index() | Dim():
                return self._position(value)
            case Where(test, yes, no):
                return self._where(test, yes, no, exact=exact)
            case Red():
                return sums.reduction(self, value, exact=exact)
            case Scan():
                return sums.running(self, value)
            case Op(name, args):
                return operators.operation(self, name, args, exact=exact)
        raise Unclear(None, "expression", type(value).__name__)

    def _position(self, value: Value) -> Code:
        if isinstance(value, Index):
            return Code(f"np.arange({self.count(self.understood.spaces[value.loop].count)})", (value.loop,))
        return self.whole(value)

    def _load(self, value: Load) -> Code:
        self.type(value)
        places: list[Value] = []
        inner: Value = value
        while isinstance(inner, Load):
            places[:0] = [inner.at]
            inner = inner.of
        assert isinstance(inner, Root)
        cuts: list[str] = []
        axes: list[int] = []
        for axis, place in enumerate(places):
            found = affine(place)
            if found is None:
                raise Unclear(None, "index-range", inner.path)
            loop, start = found
            if loop is None:
                cuts.append(self.whole(start).text)
            elif loop in axes:
                raise Unclear(None, "index-range", inner.path)
            else:
                axes.append(loop)
                cuts.append(self._cut(Dim(inner, axis), loop, start))
        array = self.root(inner.path)
        while cuts and cuts[-1] == ":":
            cuts.pop()
        text = f"{array}[{', '.join(cuts)}]" if cuts else array
        if axes != sorted(axes):
            return Code(f"{text}.T", tuple(sorted(axes)))
        return Code(text, tuple(axes))

    def _cut(self, whole: Dim, loop: int, start: Value) -> str:
        """The part of an axis that a loop runs over, from `start` on."""
        space = self.understood.spaces[loop]
        if start == ZERO:
            if whole == space.count or whole in space.equal:
                return ":"
            shorter = minus(whole, space.count)
            if isinstance(shorter, Const) and isinstance(constant(shorter), int):
                if constant(shorter) < 0:
                    raise Unclear(None, "index-range", whole.of.path)
                return f":-{shorter.text}"
            if any(isinstance(each, Dim) for each in walk(space.count)):
                self.equal[whole, space.count] = None
                return ":"
        elif isinstance(start, Const) and constant(start) < 0:
            raise Unclear(None, "wraps", whole.of.path)
        stop = plus(space.count, start) if start != ZERO else space.count
        if not isinstance(start, Const):
            self.back_if(f"{self.count(start)} < 0", "the index would count from the end")
        if start == ZERO:
            self.back_if(f"{self.count(stop)} > {self.count(whole)}", "the index is out of range")
            return f":{self.count(stop)}"
        if stop == whole or any(plus(other, start) == whole for other in space.equal):
            return f"{self.count(start)}:"
        left = minus(whole, stop)
        if isinstance(left, Const) and constant(left) > 0:
            return f"{self.count(start)}:-{left.text}"
        self.back_if(f"{self.count(stop)} > {self.count(whole)}", "the index is out of range")
        return f"{self.count(start)} : {self.count(stop)}"

    def element(self, value: Value, loop: int, place: str) -> str | None:
        """`x[i]` of the original container, whatever its elements are; None where arithmetic is needed."""
        if not isinstance(value, Load) or not isinstance(value.of, Root):
            return None
        found = affine(value.at)
        kind = self.kinds[value.of.path]
        if found is None or found[0] != loop or not (kind in LISTS or RANK[kind] > 1):
            return None
        self._cut(Dim(value.of, 0), loop, found[1])  # in range
        shift = "" if found[1] == ZERO else f" + {self.whole(found[1]).at(MUL)}"
        return f"{value.of.path}[{place}{shift}]"

    def _where(self, test: Value, yes: Value, no: Value, *, exact: bool) -> Code:
        if NOTHING in (yes, no):
            raise Unclear(None, "expression", "a term in some passes only")
        settled = self.settled(Where(test, yes, no))
        if not isinstance(settled, Where) or settled.test != test:
            return self.array(settled, exact=exact)
        if self.type(settled) == MIXED:
            raise Unclear(None, "mixed-types", "the result")
        return self._chosen(test, self.array(yes, exact=exact), self.array(no, exact=exact))

    def cell(self, value: Value) -> Code:
        """What is put into an array of floats, which makes one type of all that is."""
        settled = self.settled(value, typed=False)
        if not isinstance(settled, Where) or NOTHING in (settled.yes, settled.no):
            return self.array(settled, exact=False)
        return self._chosen(settled.test, self.cell(settled.yes), self.cell(settled.no))

    def _chosen(self, test: Value, a: Code, b: Code) -> Code:
        condition = self.array(test, exact=True)
        if code.union(condition, a, b):
            return code.called("np.where", condition, a, b)
        text = f"{a.at(code.OR)} if {condition.at(code.OR)} else {b.text}"
        return Code(text, level=code.CONDITIONAL)


def _is_rare(test: Value) -> bool:
    """Is it asked whether something is exactly so much?"""
    match test:
        case Op("==" | "!="):
            return True
        case Op("and" | "or" | "not", args):
            return all(_is_rare(each) for each in args)
    return False


def _may_fail(value: Value) -> bool:
    """May it raise for some elements: a division, a root?"""
    return any(isinstance(each, Op) and each.name in ("/", "//", "%", "math.sqrt", "math.log") for each in walk(value))
