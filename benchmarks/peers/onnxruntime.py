"""The scorer as an ONNX graph: gather, head and top-k inside ONNX Runtime, the table bound once."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from onnx import TensorProto, checker, helper, numpy_helper

from .. import core
from ..core import check
from ..core.models import Linear


class OnnxRuntime(core.Scorer):
    def __init__(self, table: core.Table) -> None:
        self.rows, self.dimensions = table.rows, table.dimensions
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # parallel across requests, as every form here
        self.session = onnxruntime.InferenceSession(
            graph(table).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.table = onnxruntime.OrtValue.ortvalue_from_numpy(np.asarray(table.rows))
        self.local = threading.local()

    def score(self, user: int, ids: core.Ids, k: int = core.TOP) -> core.Answer:
        candidates = check.as_array(user, ids, len(self.rows))
        binding = getattr(self.local, "binding", None)
        if binding is None:
            binding = self.local.binding = self.session.io_binding()
            binding.bind_ortvalue_input("rows", self.table)
        binding.bind_cpu_input("ids", candidates)
        binding.bind_cpu_input("user", self.rows[user, : self.dimensions].copy())
        binding.bind_cpu_input("k", np.array([min(k, len(candidates))]))
        binding.bind_output("best")
        binding.bind_output("place")
        self.session.run_with_iobinding(binding)
        best, place = binding.copy_outputs_to_cpu()
        return core.Answer(candidates[place], best)


def graph(table: core.Table) -> Any:
    """rows, ids, user and k to the best scores and their places among the ids."""
    used = table.dimensions + table.feature_count
    constants = {"0": [0], "1": [1], "dimensions": [table.dimensions], "used": [used]}
    initial = [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()]
    nodes = [
        helper.make_node("Gather", ["rows", "ids"], ["gathered"], axis=0),
        helper.make_node("Slice", ["gathered", "0", "dimensions", "1"], ["embeddings"]),
        helper.make_node("Slice", ["gathered", "dimensions", "used", "1"], ["features"]),
        helper.make_node("MatMul", ["embeddings", "user"], ["match"]),
    ]
    if isinstance(table.head, Linear):
        initial.append(numpy_helper.from_array(table.head.weights, "weights"))
        nodes.append(helper.make_node("MatMul", ["features", "weights"], ["rest"]))
        nodes.append(helper.make_node("Add", ["match", "rest"], ["scores"]))
    else:
        nodes.append(helper.make_node("Unsqueeze", ["match", "1"], ["column"]))
        nodes.append(helper.make_node("Concat", ["column", "features"], ["values0"], axis=1))
        for number, layer in enumerate(table.head.layers):
            last = number == len(table.head.layers) - 1
            initial.append(numpy_helper.from_array(layer.weights, f"weights{number}"))
            initial.append(numpy_helper.from_array(layer.biases, f"biases{number}"))
            inputs = [f"values{number}", f"weights{number}", f"biases{number}"]
            nodes.append(helper.make_node("Gemm", inputs, ["out" if last else f"sum{number}"]))
            if not last:
                nodes.append(helper.make_node("Relu", [f"sum{number}"], [f"values{number + 1}"]))
        nodes.append(helper.make_node("Squeeze", ["out", "1"], ["scores"]))
    nodes.append(helper.make_node("TopK", ["scores", "k"], ["best", "place"]))
    takes = [
        helper.make_tensor_value_info("rows", TensorProto.FLOAT, list(table.rows.shape)),
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["candidates"]),
        helper.make_tensor_value_info("user", TensorProto.FLOAT, [table.dimensions]),
        helper.make_tensor_value_info("k", TensorProto.INT64, [1]),
    ]
    gives = [
        helper.make_tensor_value_info("best", TensorProto.FLOAT, ["k"]),
        helper.make_tensor_value_info("place", TensorProto.INT64, ["k"]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "scorer", takes, gives, initial),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    checker.check_model(model)
    return model
