def leaders(players, k):
    return players.sort_values("score", ascending=False).head(k)
