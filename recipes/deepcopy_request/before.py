import copy


def defaults(request):
    filled = copy.deepcopy(request)
    filled.setdefault("limit", 20)
    for item in filled.get("items", []):
        item.setdefault("weight", 1.0)
    return filled
