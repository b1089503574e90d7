"""Why a loop is left alone: codes, and what is printed for them."""

from __future__ import annotations

import libcst as cst

TEXTS = {
    "carried-value": "the next value of `{}` depends on its previous value in a way that has no array form",
    "mutates-argument": "`{}` was not made here and is changed in place, which others may see",
    "alias": "`{}` is one object under two names, and is changed",
    "shared-rows": "all rows of `{}` would be one object",
    "escapes": "`{}` is put into another container and changed later",
    "reads-own-result": "a cell of `{}` is computed from another cell of it",
    "scattered-write": "cells of `{}` may collide: the last one wins",
    "two-stores": "`{}` is written at two places in a pass",
    "early-exit": "the loop stops at a data-dependent element after changing something",
    "while-shape": "`while` is followed only where it counts up by 1 to a fixed bound; here that fails: {}",
    "range-step": "a step of `{}` in range()",
    "ragged-space": "how often the inner loop runs depends on the element",
    "iterator": "`{}` is not a list or an array by what is written here; it may be consumed",
    "loop-bound": "the bound `{}` is not an int",
    "row-as-value": "a whole row of `{}` is used as a value",
    "slice": "no array form is known for the slice `{}`",
    "wraps": "an index of `{}` is below 0 in the first pass and would count from the end",
    "effect-call": "`.{}()` may have effects that others see, on its object or elsewhere",
    "unknown-call": "no array form of `{}` is known, and a call may have effects",
    "helper": "the helper `{}` cannot be read into the loop: {}",
    "writes-global": "`{}` is written for others to see",
    "closure": "`{}` belongs to an enclosing function",
    "try-in-body": "an exception handler decides per element",
    "raise": "the loop may raise at an element of its own choice",
    "generator": "elements are handed out lazily: {}",
    "walrus": "an assignment inside an expression",
    "mixed-types": "elements of `{}` would be Python floats in some places and np.float64 in others",
    "int-sum": "`{}` may be a sum of ints: Python's do not overflow",
    "truth-value": "`and` and `or` return an operand, which is no truth value here",
    "result-dtype": "the type of `{}` depends on its values",
    "inexact-function": "`{}` differs in the last bits, and decides something",
    "compensated-sum": "sum() of floats is compensated from Python 3.12, and decides something",
    "summation-order": "the order in which `{}` is summed is not known, and decides something",
    "power": "an exponent that is no constant",
    "read-after-loop": "`{}` is assigned in the loop and read after it",
    "maybe-undefined": "`{}` is not bound on every way through the loop",
    "loop-variable": "the loop variable `{}` is read after the loop",
    "attribute-of-objects": "`.{}` of each object may be a property: keep the values in an array",
    "records": "values are gathered from records: that costs what the loop costs; store them as columns",
    "list-of-tuples": "elements are tuples: store them as columns",
    "statement": "no array form is known for this statement: {}",
    "expression": "no array form is known for `{}`",
    "no-result": "nothing that the loop computes is used afterwards",
    "kind": "`{}` would have to be {}",
    "index-range": "an index of `{}` that depends on data",
    "too-large": "more than can be followed",
    "not-faster": "{}",
}
"""By code; the texts take names of the source."""


_WORDS = {
    "Tuple": "tuples", "Map": "a list of lists", "Filter": "a list of those that fulfil a condition",
    "Append": "a list", "Empty": "an empty list", "Filled": "a list", "Store": "a container in a container",
    "Member": "membership", "Top": "the first of a sorted list", "Sorted": "a sorted list",
    "Hist": "a histogram within another loop",
}  # fmt: skip
"""What stands for a form of the source."""


class Unclear(Exception):
    """Lifting or emission stops here."""

    def __init__(self, node: cst.CSTNode | None, code: str, *names: object) -> None:
        self.node = node
        self.code = code
        self.reason = TEXTS[code].format(*names)
        for name in map(str, names):
            if node is None and (" " in name or name in _WORDS):  # words, no code
                self.reason = self.reason.replace(f"`{name}`", _WORDS.get(name, name))
        super().__init__(self.reason)
