def answer(user, scores):
    return {"user": user, "scores": [float(score) for score in scores]}
