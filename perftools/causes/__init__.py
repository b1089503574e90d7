"""Pure: from an Audit to the places that its time is charged to, with what was seen there. The rules judge them."""

from perftools.causes.charge import Charge
from perftools.causes.code import FEWEST_WALKS, Code, Facts, Loop
from perftools.causes.evidence import Evidence
from perftools.causes.groups import (
    HELPER_SHARE,
    Entry,
    LibraryGroup,
    LoopGroup,
    Place,
    function_of,
    leaf_diversity,
    passes_through,
    where_of,
)
from perftools.causes.numbers import Container, containers, content, mostly_floats, scalar, whole_array
from perftools.causes.triggers import Trigger, trigger

__all__ = [
    "FEWEST_WALKS",
    "HELPER_SHARE",
    "Charge",
    "Code",
    "Container",
    "Entry",
    "Evidence",
    "Facts",
    "LibraryGroup",
    "Loop",
    "LoopGroup",
    "Place",
    "Trigger",
    "containers",
    "content",
    "function_of",
    "leaf_diversity",
    "mostly_floats",
    "passes_through",
    "scalar",
    "trigger",
    "where_of",
    "whole_array",
]
