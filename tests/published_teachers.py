"""Small teachers of the published kinds, written as the real ones are."""

import json

import numpy as np
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file

from toolchain.teacher.weights import _OLD_NAMES

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": [16] * 7,
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
}


def speech(batch=3, samples=6000):
    return (0.1 * np.random.default_rng(0).standard_normal((batch, samples)) + 0.01).astype(np.float32)


def old_names(state):
    """The spelling of transformers 4 on a torch without parametrisations."""
    new_to_old = {new: old for old, new in _OLD_NAMES.items()}
    renamed = {}
    for key, value in state.items():
        for new, old in new_to_old.items():
            key = key.replace(new, old)
        renamed[key] = value
    return renamed


def write(folder, state, config, weights="model.safetensors"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    state = {key: value.detach().clone().contiguous() for key, value in state.items()}
    if weights.endswith(".safetensors"):
        save_file(state, folder / weights, {"format": "pt"})
    else:
        torch.save(state, folder / weights)
    return folder


def wav2vec2_state(wav2vec2):
    encoder, dense, out = wav2vec2
    parts = {"wav2vec2": encoder, "classifier.dense": dense, "classifier.out_proj": out}
    return {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}


def wav2vec2_folder(folder, wav2vec2, rename=lambda state: state, weights="model.safetensors", **settings):
    config = {**SMALL, "vocab_size": None, "architectures": ["SpeechClassification"], "model_type": "wav2vec2"}
    config.update(settings)
    (write(folder, rename(wav2vec2_state(wav2vec2)), config, weights) / "vocab.json").write_text("{}")
    return folder


#: What each output of :func:`onnx_file` is to the mean of the signal.
SLOPES = np.array([[1, 2, 3]], dtype=np.float32)


def onnx_file(path, outputs=("logits",), columns=3, external=None):
    """A graph whose first output is the signal's mean times ``SLOPES``, the second twice that."""
    slopes = [SLOPES[0, :columns], 2 * SLOPES[0, :columns]]
    weights = [helper.make_tensor(f"w{n}", TensorProto.FLOAT, [1, columns], w) for n, w in enumerate(slopes)]
    if external:
        weights[0].ClearField("float_data")
        weights[0].data_location = TensorProto.EXTERNAL
        weights[0].external_data.add(key="location", value=external)
    nodes = [helper.make_node("ReduceMean", ["signal"], ["mean"], axes=[1], keepdims=1)]
    nodes += [helper.make_node("MatMul", ["mean", f"w{n}"], [name]) for n, name in enumerate(outputs)]
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("signal", TensorProto.FLOAT, [None, None])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, columns]) for name in outputs],
        weights[: len(outputs)],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
