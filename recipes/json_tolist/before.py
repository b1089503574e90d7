import json


def render(user, scores):
    return json.dumps({"user": user, "scores": scores.tolist()}, separators=(",", ":"))
