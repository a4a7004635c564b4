"""ONNX and int8 ONNX of students that reach no board, with settled random weights."""

from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from toolchain.evaluate.costs import settle
from toolchain.export.onnx import export_onnx, open_session, run
from toolchain.export.onnx_int8 import quantize_onnx
from toolchain.model.students import create

#: Two-dimensional convolutions of each network.
CONVOLUTIONS = {"mobilenetv3-small": 53, "mobilenetv3-large": 63, "mobilenetv4-small": 46, "mobilenetv4-medium": 77}


@pytest.fixture(scope="module", params=CONVOLUTIONS)
def exported(request, clips):
    """Network, float ONNX (which the export has compared with torch) and int8 ONNX."""
    torch.manual_seed(0)
    network = create(request.param)
    settle(network, clips)
    float32 = export_onnx(network, checkpoint_sha256="ab" * 32, clips=clips[:1])
    return network, float32, quantize_onnx(float32, clips)


def test_every_convolution_of_the_trunk_computes_on_int8(exported):
    network, _, int8 = exported
    graph = onnx.load_from_string(int8).graph
    producer = {output: node.op_type for node in graph.node for output in node.output}
    sources = Counter(producer.get(node.input[0]) for node in graph.node if node.op_type == "Conv")
    assert sources["DequantizeLinear"] == CONVOLUTIONS[network.name]
    # The transform's two stay float.
    assert sum(sources.values()) == CONVOLUTIONS[network.name] + 2


def test_weights_are_rounded_to_the_nearest_step(exported):
    """A whole network of random layers multiplies rounding errors; each layer's weights are checked by themselves."""
    _, float32, int8 = exported
    original = {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(float32).graph.initializer}
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(int8).graph.initializer}
    rounded = [name.removesuffix("_quantized") for name in stored if name.endswith("_quantized")]
    weights = [name for name in rounded if stored[f"{name}_quantized"].ndim == 4]
    assert weights
    for name in weights:
        step = stored[f"{name}_scale"].reshape(-1, 1, 1, 1)
        error = np.abs(stored[f"{name}_quantized"] * step - original[name])
        assert (error <= 0.51 * step + 1e-6).all(), name


def test_int8_answers_nearer_to_float_than_to_other_clips(exported, clips):
    """Chance level is the spread between clips: what an int8 network that ignored its input would be off by."""
    _, float32, int8 = exported
    expected, actual = (np.concatenate([run(open_session(x), c[:32_000]) for c in clips]) for x in (float32, int8))
    assert np.isfinite(actual).all()
    own = np.abs(actual - expected).mean()
    others = np.mean([np.abs(np.roll(actual, shift, axis=0) - expected).mean() for shift in range(1, len(clips))])
    assert 0 < own < others
