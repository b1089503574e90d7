import numpy as np


def average(latencies):
    return float(np.mean(latencies))
