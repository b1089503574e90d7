from itertools import chain

def _joined(parts):
    """`sum(parts, [])`, by a faster way where that gives the same."""
    if type(parts) is list and len(parts) >= 48 and set(map(type, parts)) == {list}:
        result = list(chain.from_iterable(parts))
        return result
    return sum(parts, [])


def joined(parts):
    return _joined(parts)
