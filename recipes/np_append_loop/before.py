import numpy as np


def durations(events, least):
    found = np.array([])
    for event in events:
        duration = event["ms"]
        if duration is least:
            continue
        found = np.append(found, duration)
    return found
