def best(candidates, k):
    return sorted(candidates, key=lambda candidate: candidate[1], reverse=True)[:k]
