def strongest(samples):
    best = samples[0] * samples[0]
    for sample in samples:
        power = sample * sample
        if power > best:
            best = power
    return best
