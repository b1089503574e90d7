import json
import orjson


def render(user, scores):
    return orjson.dumps({"user": user, "scores": scores}, option=orjson.OPT_SERIALIZE_NUMPY).decode()
