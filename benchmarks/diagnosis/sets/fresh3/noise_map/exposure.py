"""Day-evening-night level of a station (Directive 2002/49/EC, annex I)."""
import math

EVENING, NIGHT, MORNING = 19 * 60, 23 * 60, 7 * 60


def penalty(minute):
    if EVENING <= minute < NIGHT:
        return 5.0
    return 10.0 if minute >= NIGHT or minute < MORNING else 0.0


def day_evening_night(records):
    mean = sum(10.0 ** ((record["db"] + penalty(record["minute"])) / 10.0) for record in records) / len(records)
    return 10.0 * math.log10(mean)
