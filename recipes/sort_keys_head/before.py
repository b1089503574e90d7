def leaders(players, k):
    return players.sort_values(["score", "id"], ascending=[False, True]).head(k)
