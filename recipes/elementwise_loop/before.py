def powers(values, mean, scale):
    out = []
    for value in values:
        out.append((value * value - mean) / scale + 0.5)
    return out
