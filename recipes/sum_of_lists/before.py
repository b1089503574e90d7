def joined(parts):
    return sum(parts, [])
