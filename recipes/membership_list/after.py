def _members(ids, seen):
    """`[each for each in ids if each not in seen]`, by a faster way where that gives the same."""
    if type(ids) is list and type(seen) is list and len(ids) * len(seen) >= 900:
        try:
            if not set(map(type, ids)) | set(map(type, seen)) <= {int, float, str, bytes, bool}:
                raise TypeError("equality of other types is their own")
            known = set(seen)
            result = [item for item in ids if item not in known]
        except Exception:
            pass
        else:
            return result
    return [each for each in ids if each not in seen]


def unseen(ids, seen):
    return _members(ids, seen)
