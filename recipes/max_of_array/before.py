def peak(scores):
    return max(scores)
