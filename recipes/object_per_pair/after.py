def best(user, items, scores, count):
    order = sorted(range(min(len(items), len(scores))), key=scores.__getitem__, reverse=True)
    return [{"item": items[at], "score": scores[at]} for at in order[:count]]
