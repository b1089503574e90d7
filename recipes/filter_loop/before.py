def within(scores, low, high):
    kept = []
    for i, score in enumerate(scores):
        square = score * score
        if low <= square and square < high:
            kept.append(i)
    return kept
