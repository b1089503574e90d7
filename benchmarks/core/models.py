"""The model's small parts: the head that scores a pair, and the tower that makes an embedding of features."""

from __future__ import annotations

from typing import NamedTuple, Union

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Layer(NamedTuple):
    """`inputs @ weights + biases`"""

    weights: Array
    """(inputs, outputs)"""
    biases: Array
    """(outputs,)"""


class Mlp(NamedTuple):
    """Layers with ReLU between them and none after the last."""

    layers: tuple[Layer, ...]


class Linear(NamedTuple):
    """The score is the embeddings' dot product plus `weights` times the candidate's features."""

    weights: Array
    """(features,)"""


Head = Union[Linear, Mlp]
"""An Mlp's inputs are the embeddings' dot product and, behind it, the candidate's features; it has one output."""


def random_mlp(random: np.random.Generator, *widths: int, gain: float = 1.0) -> Mlp:
    """Weights that keep the size of their inputs (He et al. 2015); what comes out is about `gain` in size."""
    sizes = list(zip(widths, widths[1:]))
    layers = []
    for inputs, outputs in sizes:
        weights = random.standard_normal((inputs, outputs), dtype=np.float32) * np.float32((2 / inputs) ** 0.5)
        layers.append(Layer(weights, random.standard_normal(outputs, dtype=np.float32) * np.float32(0.1)))
    last = layers[-1]
    layers[-1] = Layer(last.weights * np.float32(gain), last.biases * np.float32(gain))
    return Mlp(tuple(layers))


BLOCK = 1024
"""Rows that pass through an Mlp together: few enough that what its layers put out stays in caches."""


class Buffers:
    """What an Mlp needs to run without allocating: the output of each layer, for a block of rows."""

    def __init__(self, mlp: Mlp) -> None:
        self.layers = mlp.layers
        self.outputs = [np.empty((BLOCK, layer.weights.shape[1]), dtype=np.float32) for layer in mlp.layers]

    def run(self, inputs: Array, out: Array) -> None:
        """(rows, inputs) -> (rows, outputs); `out` may overlap with `inputs` in the same rows."""
        for first in range(0, len(inputs), BLOCK):
            values = inputs[first : first + BLOCK]
            for layer, output in zip(self.layers, self.outputs):
                result = output[: len(values)]
                np.matmul(values, layer.weights, out=result)
                result += layer.biases
                if layer is not self.layers[-1]:
                    np.maximum(result, 0, out=result)
                values = result
            out[first : first + BLOCK] = values
