import numpy as np


def norms(rows):
    return np.linalg.norm(rows, axis=1).tolist()
