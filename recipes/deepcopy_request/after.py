import copy
import pickle


def defaults(request):
    filled = pickle.loads(pickle.dumps(request, pickle.HIGHEST_PROTOCOL))
    filled.setdefault("limit", 20)
    for item in filled.get("items", []):
        item.setdefault("weight", 1.0)
    return filled
