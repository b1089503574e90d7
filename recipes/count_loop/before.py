def count_between(values, low, high):
    return sum(1 for value in values if value * value > low and value < high)
