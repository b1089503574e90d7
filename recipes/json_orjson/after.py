import json
import orjson


def render(content):
    return orjson.dumps(content)
