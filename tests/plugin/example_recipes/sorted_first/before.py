def cheapest(offers):
    return sorted(offers)[0]
