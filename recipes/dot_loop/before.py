def weighted(values, weights):
    total = 0.0
    for i in range(len(values)):
        total += values[i] * weights[i]
    return total
