"""The head for forms that loop in Python."""

from __future__ import annotations

from collections.abc import Callable

from .models import Head, Linear

Dot = Callable[["list[float]", "list[float]"], float]


def head(model: Head, dot: Dot) -> Callable[[float, list[float]], float]:
    """A function of the embeddings' dot product and the candidate's features, which sums with `dot`."""
    if isinstance(model, Linear):
        features_weights = model.weights.tolist()
        return lambda match, features: match + dot(features_weights, features)

    *hidden, (last, (last_bias,)) = [(layer.weights.T.tolist(), layer.biases.tolist()) for layer in model.layers]

    def perceptron(match: float, features: list[float]) -> float:
        values = [match, *features]
        for columns, biases in hidden:
            values = [max(0.0, dot(values, column) + bias) for column, bias in zip(columns, biases)]
        return dot(values, last[0]) + float(last_bias)

    return perceptron
