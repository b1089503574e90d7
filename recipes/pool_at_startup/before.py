from concurrent.futures import ProcessPoolExecutor

import numpy as np


def norms(rows):
    with ProcessPoolExecutor(2) as pool:
        return [float(each) for each in pool.map(np.linalg.norm, rows, chunksize=max(1, len(rows) // 2))]
