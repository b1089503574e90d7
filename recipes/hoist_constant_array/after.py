import numpy as np

PRIORS = [
    0.91, 0.13, 0.52, 0.78, 0.44, 0.05, 0.67, 0.29, 0.83, 0.36, 0.59, 0.12, 0.97, 0.21, 0.48, 0.73,
    0.08, 0.62, 0.31, 0.86, 0.17, 0.54, 0.99, 0.40, 0.26, 0.71, 0.03, 0.65, 0.38, 0.80, 0.14, 0.57,
]


_PRIORS_ARRAY = np.array(PRIORS)
_PRIORS_ARRAY.flags.writeable = False


def calibrated(rows):
    priors = _PRIORS_ARRAY
    return rows * priors + (1.0 - priors)
