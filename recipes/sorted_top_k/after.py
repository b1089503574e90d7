from heapq import nlargest
from operator import itemgetter

def _first(candidates, k):
    """`sorted(candidates, key=lambda candidate: candidate[1], rever …`, by a faster way where that gives the same."""
    if type(candidates) is list and type(k) is int and k >= 0 and len(candidates) >= 160 * k:
        try:
            total = sum(map(itemgetter(1), candidates))
            result = nlargest(k, candidates, key=itemgetter(1))
        except Exception:
            pass
        else:
            if isinstance(total, (int, float)) and total == total:
                return result
    return sorted(candidates, key=lambda candidate: candidate[1], reverse=True)[:k]


def best(candidates, k):
    return _first(candidates, k)
