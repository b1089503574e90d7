def _smallest(offers):
    """`sorted(offers)[0]`, by a faster way where that gives the same."""
    if type(offers) is list and set(map(type, offers)) == {int}:
        result = min(offers)
        return result
    return sorted(offers)[0]


def cheapest(offers):
    return _smallest(offers)
