BANDS = [(1.0, 3.9), (2.0, 4.9), (5.0, 6.4), (10.0, 8.9), (20.0, 12.5), (31.5, 16.9)]
SURCHARGES = {"fragile": 2.5, "island": 7.0, "evening": 3.0, "insured": 4.2, "return": -1.0}


def price(parcel):
    volume_kg = parcel["sides"][0] * parcel["sides"][1] * parcel["sides"][2] / 5000.0
    kg = max(parcel["kg"], min(volume_kg, 31.5))
    base = next(amount for limit, amount in BANDS if kg <= limit)
    extras = [SURCHARGES[flag] for flag in parcel["flags"]]
    girth = sum(sorted(parcel["sides"])[:2]) * 2 + max(parcel["sides"])
    if girth > 300:
        extras.append(9.0)
    return round(base + sum(extras), 2)
