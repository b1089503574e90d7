import numpy as np

def _scores_items(scores):
    """`scores`, by a faster way where that gives the same."""
    if type(scores) is np.ndarray and scores.dtype.char == "d" and scores.ndim == 1:
        result = scores.tolist()
        return result
    return scores


def answer(user, scores):
    return {"user": user, "scores": [float(score) for score in _scores_items(scores)]}
