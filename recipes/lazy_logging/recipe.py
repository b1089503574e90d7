"""A log message built although its level is off: built only where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from perftools.rewrite.recipe import Example, Recipe, Refusal, Rewrite
from perftools.source.syntax import walk

if TYPE_CHECKING:
    from perftools.rewrite.place import Place

_LEVELS = {"debug": "DEBUG", "info": "INFO"}
"""Levels that are off in production; the message of a warning is nearly always written."""


def match(place: Place) -> Iterator[Rewrite | Refusal]:
    """`logger.debug(f"...")` as a statement, of a logger that logging.getLogger gave to the module."""
    if place.function is None:
        return
    for statement in place.statements():
        call = _call(statement)
        if call is None:
            continue
        text = call.args[0].value
        if not isinstance(text, cst.FormattedString) or _holds_no_field(text):
            continue
        assert isinstance(call.func, cst.Attribute)
        assert isinstance(call.func.value, cst.Name)
        logger = call.func.value.value
        if _is_guarded(place, statement, logger):
            continue
        problem = _problem(place, statement, call, text)
        if problem is not None:
            yield Refusal(call, *problem)
            continue
        level = _LEVELS[call.func.attr.value]
        original = "".join(
            place.module.lines[place.line_of(statement) - 1 : place.module.span(statement).end.line]
        ).strip()
        yield Rewrite(
            nodes=(statement,),
            reason="the message is built only where it is written",
            replacement=f"if {logger}.isEnabledFor(logging.{level}):\n    {original}",
            imports=("import logging",),
        )


def _call(statement: cst.CSTNode) -> cst.Call | None:
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Name(), attr=cst.Name(value=level)), args=args))]
        ) if level in _LEVELS and args and args[0].keyword is None and not args[0].star:
            small = statement.body[0]
            assert isinstance(small, cst.Expr)
            assert isinstance(small.value, cst.Call)
            return small.value
    return None


def _problem(place: Place, statement: cst.CSTNode, call: cst.Call, text: cst.FormattedString) -> tuple[str, str] | None:
    assert isinstance(call.func, cst.Attribute)
    if not _is_logger(place, call.func.value):
        return "logger", "whether it is a logger of the standard library's is not certain"
    if len(call.args) > 1:
        return "more-arguments", "other arguments are evaluated as well, which may have effects"
    span = place.module.span(statement)
    if span.start.line != span.end.line:
        return "several-lines", "a message over several lines cannot be moved"
    for part in text.parts:
        if not isinstance(part, cst.FormattedStringExpression):
            continue
        if part.format_spec is not None:
            return "format-spec", "a format can fail, and would do so only where the message is written"
        if not isinstance(part.expression, cst.Name):
            return "expression", "an expression can fail or have effects, which would depend on the level"
        if not _is_bound(place, statement, part.expression.value):
            return "maybe-unbound", f"`{part.expression.value}` may not be bound, which only the message shows"
    return None


def _holds_no_field(text: cst.FormattedString) -> bool:
    return not any(isinstance(part, cst.FormattedStringExpression) for part in text.parts)


def _is_logger(place: Place, node: cst.BaseExpression) -> bool:
    """Is it a name of the module that is bound once, to logging.getLogger(...)?"""
    if not isinstance(node, cst.Name) or place.is_local(node.value):
        return False
    bound = list(place.module.global_scope[node.value])
    for statement in place.module.tree.body:
        match statement:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Call(func=made))
                    | cst.AnnAssign(target=cst.Name(value=name), value=cst.Call(func=made))
                ]
            ) if name == node.value:
                return len(bound) == 1 and place.qualified(made) == "logging.getLogger"
    return False


def _is_guarded(place: Place, statement: cst.CSTNode, logger: str) -> bool:
    return any(
        isinstance(around, cst.If) and f"{logger}.isEnabledFor" in place.code(around.test)
        for around in place.module.ancestors(statement)
    )


def _is_bound(place: Place, statement: cst.CSTNode, name: str) -> bool:
    """Is the name bound on every way to the statement: a parameter, or assigned before it in a block around it?"""
    function = place.function
    assert function is not None
    if any(isinstance(each, cst.Del) and name in place.writes(each) for each in walk(function)):
        return False
    if any(isinstance(each, cst.Param) and each.name.value == name for each in walk(function.params)):
        return True
    child: cst.CSTNode = statement
    for around in place.module.ancestors(statement):
        if around is function:
            break
        if isinstance(around, cst.IndentedBlock):
            earlier = around.body[: around.body.index(child)]
            if any(isinstance(each, cst.SimpleStatementLine) and name in place.writes(each) for each in earlier):
                return True
        if isinstance(around, cst.For) and child is around.body and name in place.writes(around.target):
            return True
        child = around
    return False


_HEAD = "import logging\n\nlog = logging.getLogger(__name__)\n\n\n"

RECIPE = Recipe(
    id="lazy-logging",
    title="A log message built although its level is off: built only where it is written",
    level="auto",
    rules=("list-hot-path", "pandas-hot-path", "gil-bound", "event-loop-blocked"),
    function="best",
    match=match,
    valid=(
        Example(code=f'{_HEAD}def f(xs):\n    log.debug("scores: %s", xs)\n'),
        Example(code=f'{_HEAD}def f(xs):\n    log.debug(f"start")\n'),
        Example(code=f'{_HEAD}def f(xs):\n    log.error(f"scores: {{xs}}")\n'),
        Example(
            code=f'{_HEAD}def f(xs):\n    if log.isEnabledFor(logging.DEBUG):\n        log.debug(f"scores: {{xs}}")\n'
        ),
        Example(code=f'{_HEAD}def f(r):\n    log.debug(f"user {{r.pop()}}")\n', refused="expression"),
        Example(code=f'{_HEAD}def f(r):\n    log.debug(f"user {{r[0]}}")\n', refused="expression"),
        Example(code=f'{_HEAD}def f(x):\n    log.debug(f"score {{x:.3f}}")\n', refused="format-spec"),
        Example(code=f'{_HEAD}def f(x):\n    log.debug(f"{{x}}", extra=x.fields())\n', refused="more-arguments"),
        Example(code=f'{_HEAD}def f(x):\n    if x:\n        y = 1\n    log.debug(f"{{y}}")\n', refused="maybe-unbound"),
        Example(code='def f(log, xs):\n    log.debug(f"scores: {xs}")\n', refused="logger"),
        Example(
            code='from structlog import get_logger\n\nlog = get_logger()\n\n\ndef f(xs):\n    log.debug(f"{xs}")\n',
            refused="logger",
        ),
    ),
    invalid=(
        Example(
            code="""\
from logging import getLogger

LOG = getLogger("ranking")


class Ranker:
    def rank(self, user, scores):
        order = sorted(scores)
        for score in order:
            LOG.debug(f"{user!r} {score}")  # one line a score
        LOG.info(f"ranked: {order}")
        return order
""",
            becomes="""\
from logging import getLogger
import logging

LOG = getLogger("ranking")


class Ranker:
    def rank(self, user, scores):
        order = sorted(scores)
        for score in order:
            LOG.debug(f"{user!r} {score}")  # one line a score
        if LOG.isEnabledFor(logging.INFO):
            LOG.info(f"ranked: {order}")
        return order
""",
        ),
        Example(
            code="""\
import logging as lg

log = lg.getLogger(__name__)


def best(scores):
    log.debug(f"scores: {scores}")
    return max(scores)
""",
            becomes="""\
import logging as lg
import logging

log = lg.getLogger(__name__)


def best(scores):
    if log.isEnabledFor(logging.DEBUG):
        log.debug(f"scores: {scores}")
    return max(scores)
""",
        ),
    ),
)
