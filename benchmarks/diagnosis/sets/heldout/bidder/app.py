from os import environ
from random import Random

import flask

server = flask.Flask("bidder")


def make_creatives(how_many, rng):
    return [
        {
            "creative": n,
            "size": rng.choice(["300x250", "728x90", "160x600"]),
            "beta": [rng.normalvariate(0, 0.3) for _ in range(60)],
            "cpc": rng.uniform(0.05, 1.2),
        }
        for n in range(how_many)
    ]


def make_picker(creatives):
    by_size = {}
    for creative in creatives:
        by_size.setdefault(creative["size"], []).append(creative)

    def pick(size, user):
        pool = by_size.get(size)
        if not pool:
            return None
        return max(pool, key=lambda ad: ad["cpc"] * (1.0 + sum(b * u for b, u in zip(ad["beta"], user))))

    return pick


def make_users(how_many, rng):
    return {n: [float(rng.random() < 0.2) for _ in range(60)] for n in range(how_many)}


rng = Random(404)
pick = make_picker(make_creatives(3600, rng))
users = make_users(500, rng)
history = {}


@server.errorhandler(404)
def missing(error):
    return {"error": "nothing here"}, 404


@server.route("/bid/<size>/<int:user>")
def bid(size, user):
    if user not in users:
        flask.abort(404)
    ad = pick(size, users[user])
    if ad is None:
        return {"bid": None}
    history[user] = history.get(user, 0) + 1
    price = ad["cpc"] * (0.9 if history[user] > 20 else 1.0)
    return {"bid": round(price, 4), "creative": ad["creative"], "shown": history[user]}


@server.route("/reset", methods=["POST"])
def reset():
    history.clear()
    return {}


if __name__ == "__main__":
    server.run(host="127.0.0.1", port=int(environ["PORT"]))
