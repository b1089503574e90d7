import pandas as pd

def crossings(readings, limit):
    found = []
    if (
        type(readings) is pd.DataFrame
        and readings.columns.is_unique
        and {"level", "valid", "station"} <= set(readings.columns)
        and type(readings.index) is pd.RangeIndex
        and readings.index.start == 0
        and readings.index.step == 1
        and {str(readings[each].dtype) for each in ("level", "valid", "station")} <= {"bool", "float64", "int64", "object", "str"}
        and len(readings) >= 16
    ):
        level = readings["level"].to_numpy()
        valid = readings["valid"].to_numpy()
        station = readings["station"].to_numpy()
        for i in range(1, len(readings)):
            if level[i - 1] < limit <= level[i] and valid[i]:
                found.append((station[i], level[i]))
    else:
        for i in range(1, len(readings)):
            if readings.loc[i - 1, "level"] < limit <= readings.loc[i, "level"] and readings.loc[i, "valid"]:
                found.append((readings.loc[i, "station"], readings.loc[i, "level"]))
    return found
