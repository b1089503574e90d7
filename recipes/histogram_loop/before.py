def histogram(shares, bins):
    counts = [0] * bins
    for share in shares:
        counts[int(share * bins)] += 1
    return counts
