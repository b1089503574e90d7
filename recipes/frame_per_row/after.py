import numpy as np
import pandas as pd


class Model:
    """Stands for any model that takes an array or a frame."""

    weights = np.random.default_rng(1).standard_normal(200)

    def predict(self, inputs):
        values = np.asarray(inputs, dtype=float)
        return values @ self.weights[: values.shape[1]]


MODEL = Model()


def price(order, features):
    frame = np.array([[order[name] for name in features]], dtype=float)
    return float(MODEL.predict(frame)[0])
