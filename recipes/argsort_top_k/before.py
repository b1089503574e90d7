import numpy as np


def best(scores, k):
    return np.argsort(-scores)[:k].tolist()
