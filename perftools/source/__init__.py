"""Pure: text and line -> enclosing function, loops, calls, and what they do. Nothing here touches a process."""

from perftools.source.extent import Extent, enclosing
from perftools.source.model import Call, Carried, Function, Import, Model, Operation, Span, Unit
from perftools.source.operations import waits
from perftools.source.reader import read
from perftools.source.watch import Watch, watch

__all__ = [
    "Call",
    "Carried",
    "Extent",
    "Function",
    "Import",
    "Model",
    "Operation",
    "Span",
    "Unit",
    "Watch",
    "enclosing",
    "read",
    "waits",
    "watch",
]
