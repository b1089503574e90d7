def best(scores, k):
    return sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)[:k]
