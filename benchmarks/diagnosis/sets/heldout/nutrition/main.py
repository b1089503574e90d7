import json
from urllib.parse import parse_qs

from store import foods

FOODS = foods()


def suitable(kcal, protein, fat):
    found = []
    for i in range(len(FOODS)):
        if FOODS.iloc[i]["kcal"] > kcal:
            continue
        if FOODS.iloc[i]["protein"] < protein:
            continue
        if FOODS["fat"].iloc[i] <= fat:
            found.append(FOODS["name"].iloc[i])
    return found


def number(query, name, default):
    try:
        return float(query.get(name, [default])[0])
    except ValueError:
        return float(default)


async def respond(send, status, document):
    await send({
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-type", b"application/json")],
    })
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def api(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    if scope["path"] != "/suitable":
        return await respond(send, 404, {"detail": "not found"})
    query = parse_qs(scope["query_string"].decode())
    names = suitable(number(query, "kcal", 300), number(query, "protein", 5), number(query, "fat", 20))
    await respond(send, 200, {"count": len(names), "foods": names[:40]})
