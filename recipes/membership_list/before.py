def unseen(ids, seen):
    return [each for each in ids if each not in seen]
