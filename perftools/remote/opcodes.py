"""Which instructions call: while the innermost frame stands on one, its time is spent inside C."""

from __future__ import annotations

from perftools.remote.offsets import Version

_CALLS: dict[tuple[int, int], frozenset[int]] = {
    # CALL_FUNCTION, CALL_FUNCTION_KW, CALL_FUNCTION_EX, CALL_METHOD
    (3, 8): frozenset((131, 141, 142, 161)),
    (3, 9): frozenset((131, 141, 142, 161)),
    (3, 10): frozenset((131, 141, 142, 161)),
    # CALL_*, PRECALL_* (a specialised PRECALL makes the call itself), CALL_FUNCTION_EX, PRECALL, CALL
    (3, 11): frozenset((22, 23, 24, *range(64, 68), 72, 73, *range(76, 82), 113, 121, 127, 141, 142, 143, 166, 171)),
    # CALL_* specialised, CALL_FUNCTION_EX, CALL, INSTRUMENTED_CALL, INSTRUMENTED_CALL_FUNCTION_EX
    (3, 12): frozenset((23, 24, 28, 29, 34, *range(38, 49), 56, 142, 171, 241, 244)),
    # CALL, CALL_FUNCTION_EX, CALL_KW, CALL_* specialised, INSTRUMENTED_CALL, _CALL_KW, _CALL_FUNCTION_EX
    (3, 13): frozenset((53, 54, 57, *range(162, 182), 244, 245, 246)),
    (3, 14): frozenset((4, 52, 55, *range(143, 166), 250, 251, 252)),
    (3, 15): frozenset((4, 50, 53, *range(144, 169), 249, 250, 251)),
}
"""Sources: Include/opcode.h (3.8 to 3.12), Include/opcode_ids.h (3.13 on)."""


def is_call(version: Version, opcode: int) -> bool:
    """Whether the opcode, specialised or not, is a call."""
    return opcode in _CALLS.get(version[:2], ())
