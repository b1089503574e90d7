# Bid ranking for the display exchange. Every line item arrives as a dict straight from
# the campaign service, so keys may be missing.
import operator
import random
from functools import reduce

FLOOR = 0.10                      # dollars per mille, global floor
QUALITY_EXP = 0.5
_SLOTS = ("top", "side", "foot")
SLOT_BOOST = {"top": 1.25, "side": 1.0, "foot": 0.7}


def product(xs): return reduce(operator.mul, xs, 1.0)


def ecpm(line):
    ctr = line.get("pctr", 0.0)
    multipliers = line.get("mult") or []
    return 1000.0 * ctr * line["bid"] * product(multipliers) * line.get("quality", 1.0) ** QUALITY_EXP


def rank_bids(lines, slot, max=3):
    """The `max` best line items that clear the floor: [(line id, eCPM, price)]."""
    eligible = []
    for l in lines:
        if l.get("paused"): continue
        if slot not in l.get("slots", _SLOTS): continue
        value = ecpm(l) * SLOT_BOOST[slot]
        if value < FLOOR:
            continue
        eligible.append({"id": l["id"], "value": value})
    eligible = sorted(eligible, key=lambda e: e["value"], reverse=True)
    out = []
    for i in range(len(eligible)):
        if i >= max:
            break
        runner_up = eligible[i + 1]["value"] if i + 1 < len(eligible) else FLOOR
        out.append((eligible[i]["id"], eligible[i]["value"], round(runner_up + 0.01, 4)))
    return out


def frequency_map(impressions, user_ids):
    # how often each of the users saw each campaign
    result = {}
    for uid in user_ids:
        seen = [imp for imp in impressions if imp[0] == uid]
        counts = {}
        for imp in seen:
            if imp[1] not in counts:
                counts[imp[1]] = len([x for x in seen if x[1] == imp[1]])
        result[uid] = counts
    return result


def win_rates(auctions):
    """Share of auctions won, per bidder, in order of first appearance."""
    bidders = []
    for a in auctions:
        for b in a["bidders"]:
            if b not in bidders:
                bidders = bidders + [b]
    rates = []
    for b in bidders:
        took_part = 0
        won = 0
        for a in auctions:
            if b in a["bidders"]:
                took_part += 1
                won += 1 if a["winner"] == b else 0
        rates.append((b, won / took_part))
    return rates


def _lines(n, seed):
    r = random.Random(seed)
    lines = []
    for k in range(n):
        line = {"id": 1000 + k, "bid": round(r.uniform(0.05, 4), 3), "pctr": r.betavariate(1, 300)}
        if r.random() < 0.5: line["mult"] = [r.uniform(0.5, 1.5) for _ in range(r.randrange(4))]
        if r.random() < 0.3: line["quality"] = r.random()
        if r.random() < 0.1: line["paused"] = True
        if r.random() < 0.4: line["slots"] = r.sample(_SLOTS, 2)
        lines.append(line)
    return lines


def _imps(n, users, seed):
    r = random.Random(seed)
    return [(r.randrange(users), f"c{r.randrange(25)}") for _ in range(n)]


def _auctions(n, seed):
    r = random.Random(seed)
    return [{"bidders": (bs := r.sample(range(60), 6)), "winner": r.choice(bs)} for _ in range(n)]


CALLS = [
    ("rank_bids", lambda: (_lines(3000, 1), "top")),
    ("rank_bids", lambda: (_lines(800, 2), "foot", 25)),
    ("rank_bids", lambda: (_lines(5, 3), "side", 50)),
    ("rank_bids", lambda: ([], "side")),
    ("frequency_map", lambda: (_imps(2000, 120, 4), list(range(0, 140)))),
    ("frequency_map", lambda: (_imps(30, 3, 5), [2, 2, 99])),
    ("win_rates", lambda: (_auctions(1500, 6),)),
    ("win_rates", lambda: ([],)),
]
