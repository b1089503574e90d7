"""What recipes for pandas share: which elements of a row are read, and a function of a row as array expressions.

    from perftools.rewrite import frames

Whether a name is a DataFrame nobody knows before it runs: the guards of `are_frames` check it.
"""

from perftools.rewrite.frames.columnwise import Columnwise, columnwise
from perftools.rewrite.frames.rows import (
    Reads,
    Unclear,
    are_frames,
    definition,
    display,
    escapes,
    is_bound,
    is_stored,
    names_in_function,
    names_in_helper,
    names_of,
    qualified_names,
    reads_of,
    respelled,
    text_of,
    tuple_of,
    uses_of,
)
from perftools.rewrite.frames.sorting import SortedHead, sorted_head

__all__ = [
    "Columnwise",
    "Reads",
    "SortedHead",
    "Unclear",
    "are_frames",
    "columnwise",
    "definition",
    "display",
    "escapes",
    "is_bound",
    "is_stored",
    "names_in_function",
    "names_in_helper",
    "names_of",
    "qualified_names",
    "reads_of",
    "respelled",
    "sorted_head",
    "text_of",
    "tuple_of",
    "uses_of",
]
