import numpy as np


def durations(events, least):
    found = np.array([])
    _found_items = []
    for event in events:
        duration = event["ms"]
        if duration is least:
            continue
        _item = duration
        if type(_item) in (float, np.float64):
            _found_items.append(_item)
        else:
            if _found_items:
                found = np.append(found, _found_items)
            found, _found_items = np.append(found, _item), []
    if _found_items:
        found = np.append(found, _found_items)
    return found
