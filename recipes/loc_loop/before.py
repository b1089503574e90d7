def crossings(readings, limit):
    found = []
    for i in range(1, len(readings)):
        if readings.loc[i - 1, "level"] < limit <= readings.loc[i, "level"] and readings.loc[i, "valid"]:
            found.append((readings.loc[i, "station"], readings.loc[i, "level"]))
    return found
