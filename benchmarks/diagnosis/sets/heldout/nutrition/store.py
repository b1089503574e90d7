import pandas

GROUPS = ["fruit", "dairy", "grain", "meat", "oil", "legume"]


def foods():
    count = 420
    return pandas.DataFrame({
        "name": ["food %03d" % i for i in range(count)],
        "group": [GROUPS[i % 6] for i in range(count)],
        "kcal": [30 + (i * 73) % 600 for i in range(count)],
        "protein": [(i * 31) % 290 / 10 for i in range(count)],
        "fat": [(i * 17) % 400 / 10 for i in range(count)],
        "sugar": [(i * 53) % 700 / 10 for i in range(count)],
    })
