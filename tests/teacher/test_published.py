"""The published teachers' code on small random checkpoints, saved as the real ones are."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.published_teachers import SMALL, old_names, onnx_file, speech, wav2vec2_folder, write
from toolchain.errors import UsageError
from toolchain.teacher import check as checking
from toolchain.teacher.check import check
from toolchain.teacher.load import load
from toolchain.teacher.transformer import transformers
from toolchain.teacher.weights import read_weights


@pytest.fixture(scope="module")
def wav2vec2():
    """Encoder and head of a small model of audEERING's kind."""
    torch.manual_seed(1)
    encoder = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SMALL)).eval()
    return encoder, torch.nn.Linear(32, 32), torch.nn.Linear(32, 3)


def expected_wav2vec2(wav2vec2, signal):
    """transformers' own feature extractor and encoder, and the head written out."""
    encoder, dense, out = wav2vec2
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    heard = extractor(list(signal), sampling_rate=16_000, return_tensors="pt").input_values
    with torch.no_grad():
        return out(torch.tanh(dense(encoder(heard).last_hidden_state.mean(1)))).numpy()


@pytest.mark.parametrize("rename", [lambda state: state, old_names], ids=["new names", "old names"])
@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_wav2vec2(wav2vec2, tmp_path, rename, weights):
    teacher = load([f"wav2vec2:{wav2vec2_folder(tmp_path, wav2vec2, rename, weights)}"])
    np.testing.assert_allclose(teacher.annotate(speech()), expected_wav2vec2(wav2vec2, speech()), atol=1e-5)
    alone = np.concatenate([teacher.annotate(row[np.newaxis]) for row in speech()])
    np.testing.assert_allclose(teacher.annotate(speech()), alone, atol=1e-5)
    assert teacher.annotate(speech(1, teacher.shortest)).shape == (1, 3)


def test_the_files_do_not_change_the_identity_and_the_weights_do(wav2vec2, tmp_path):
    safe = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'a', wav2vec2)}"])
    pickled = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'b', wav2vec2, old_names, 'pytorch_model.bin')}"])
    assert safe.identity == pickled.identity

    def other(state):
        return {**state, "classifier.dense.bias": state["classifier.dense.bias"] + 1e-3}

    assert load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'c', wav2vec2, other)}"]).identity != safe.identity


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_attention_heads", 4), ("layer_norm_eps", 0.1), ("hidden_act", "relu"), ("conv_stride", [5] + [2] * 5 + [1])],
)
def test_a_setting_that_changes_the_answers_changes_the_identity(wav2vec2, tmp_path, name, value):
    one = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'a', wav2vec2)}"])
    other = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'b', wav2vec2, **{name: value})}"])
    assert (one.annotate(speech()) != other.annotate(speech())).any()
    assert one.identity != other.identity


def test_a_setting_that_changes_nothing_keeps_the_identity(wav2vec2, tmp_path):
    one = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'a', wav2vec2)}"])
    other = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'b', wav2vec2, hidden_dropout=0.3, vocab_size=40)}"])
    assert one.identity == other.identity
    np.testing.assert_array_equal(one.annotate(speech()), other.annotate(speech()))


def test_outputs_are_taken_by_their_names(wav2vec2, tmp_path):
    published = {"0": "arousal", "1": "dominance", "2": "valence"}
    plain = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'a', wav2vec2)}"])
    named = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'b', wav2vec2, id2label=published)}"])
    shuffled = {"0": "Valence", "1": "Arousal", "2": "Dominance"}
    other = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'c', wav2vec2, id2label=shuffled)}"])
    np.testing.assert_array_equal(named.annotate(speech()), plain.annotate(speech()))
    np.testing.assert_array_equal(other.annotate(speech()), plain.annotate(speech())[:, [1, 2, 0]])
    assert named.identity == plain.identity != other.identity


@pytest.mark.parametrize("names", [{"0": "angry", "1": "happy", "2": "sad"}, {"0": "arousal"}, ["arousal"]])
def test_outputs_of_other_names_are_refused(wav2vec2, tmp_path, names):
    with pytest.raises(UsageError, match=r"not arousal, dominance and valence|cannot be used"):
        load([f"wav2vec2:{wav2vec2_folder(tmp_path, wav2vec2, id2label=names)}"])


class AsTransformersHasIt(transformers.Wav2Vec2PreTrainedModel):
    """audEERING's layout as a model of transformers, to be written by transformers itself."""

    def __init__(self, config):
        super().__init__(config)
        self.wav2vec2 = transformers.Wav2Vec2Model(config)
        self.classifier = torch.nn.ModuleDict({"dense": torch.nn.Linear(32, 32), "out_proj": torch.nn.Linear(32, 3)})
        self.post_init()


def test_a_checkpoint_that_transformers_wrote(tmp_path):
    model = AsTransformersHasIt(transformers.Wav2Vec2Config(**SMALL)).eval()
    model.save_pretrained(tmp_path)
    layers = (model.wav2vec2, model.classifier["dense"], model.classifier["out_proj"])
    answers = load([f"wav2vec2:{tmp_path}"]).annotate(speech())
    np.testing.assert_allclose(answers, expected_wav2vec2(layers, speech()), atol=1e-5)


def test_bfloat16_is_near(wav2vec2, tmp_path):
    teacher = load([f"wav2vec2:{wav2vec2_folder(tmp_path, wav2vec2)}"])
    exact = teacher.annotate(speech())
    teacher.use_bfloat16()
    assert 0 < np.abs(teacher.annotate(speech()) - exact).max() < 0.05


@pytest.fixture(scope="module")
def wavlm():
    torch.manual_seed(2)
    encoder = transformers.WavLMModel(transformers.WavLMConfig(**SMALL, num_buckets=32, max_bucket_distance=80)).eval()
    head = {
        "pool_model.sap_linear.weight": torch.randn(32, 32) / 6,
        "pool_model.sap_linear.bias": torch.randn(32),
        "pool_model.attention": torch.randn(32, 1),
        "ser_model.fc.0.0.weight": torch.randn(32, 64) / 8,
        "ser_model.fc.0.0.bias": torch.randn(32),
        "ser_model.fc.0.1.weight": torch.randn(32),
        "ser_model.fc.0.1.bias": torch.randn(32),
        "ser_model.out.0.weight": torch.randn(3, 32) / 6,
        "ser_model.out.0.bias": torch.randn(3),
    }
    return encoder, head


def wavlm_folder(folder, wavlm, rename=lambda state: state):
    encoder, head = wavlm
    state = {**{f"ssl_model.{key}": value for key, value in encoder.state_dict().items()}, **head}
    config = {"mean": -0.002, "std": 0.08, "classifier_hidden_layers": 1, "ssl_type": "microsoft/wavlm-large"}
    write(folder, rename(state), config)
    (folder / "wavlm_config").mkdir()
    encoder_config = {**SMALL, "num_buckets": 32, "max_bucket_distance": 80}
    (folder / "wavlm_config/config.json").write_text(json.dumps(encoder_config))
    return folder


@pytest.mark.parametrize("rename", [lambda state: state, old_names], ids=["new names", "old names"])
def test_wavlm(wavlm, tmp_path, rename):
    teacher = load([f"wavlm:{wavlm_folder(tmp_path, wavlm, rename)}"])
    encoder, head = wavlm
    with torch.no_grad():
        frames = encoder((torch.from_numpy(speech()) + 0.002) / (0.08 + 1e-6)).last_hidden_state
        energy = torch.tanh(frames @ head["pool_model.sap_linear.weight"].T + head["pool_model.sap_linear.bias"])
        weight = torch.softmax(energy @ head["pool_model.attention"], dim=1)
        mean = (weight * frames).sum(1)
        deviation = torch.sqrt(((weight * (frames - mean[:, None]) ** 2).sum(1)).clamp_min(1e-5))
        x = torch.cat([mean, deviation], 1) @ head["ser_model.fc.0.0.weight"].T + head["ser_model.fc.0.0.bias"]
        x = torch.nn.functional.layer_norm(x, (32,), head["ser_model.fc.0.1.weight"], head["ser_model.fc.0.1.bias"])
        expected = torch.relu(x) @ head["ser_model.out.0.weight"].T + head["ser_model.out.0.bias"]
    np.testing.assert_allclose(teacher.annotate(speech()), expected.numpy(), atol=1e-4)


def test_wavlm_without_its_own_configuration_must_be_large(wavlm, tmp_path):
    folder = wavlm_folder(tmp_path, wavlm)
    (folder / "wavlm_config/config.json").unlink()
    with pytest.raises(UsageError, match="does not belong to its weights, which have 2 layers"):
        load([f"wavlm:{folder}"])


def test_an_ensemble_is_the_mean_and_its_order_does_not_matter(wav2vec2, tmp_path):
    specs = [f"wav2vec2:{wav2vec2_folder(tmp_path / 'w', wav2vec2)}", f"onnx:{onnx_file(tmp_path / 'a.onnx', ('x',))}"]
    members = [load([spec]) for spec in specs]
    both = load(specs)
    expected = np.mean([member.annotate(speech()) for member in members], axis=0)
    np.testing.assert_allclose(both.annotate(speech()), expected, atol=1e-6)
    assert both.identity == load(specs[::-1]).identity != members[0].identity
    assert both.shortest == max(member.shortest for member in members)
    # An ONNX file does not tell how many parameters it has.
    assert members[0].parameters and both.parameters is None
    assert load([specs[0]] * 2).parameters == 2 * members[0].parameters


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def test_a_pickle_with_more_than_tensors_is_refused_and_not_executed(wav2vec2, tmp_path):
    folder = wav2vec2_folder(tmp_path / "w", wav2vec2, weights="pytorch_model.bin")
    for content in (pickle.dumps(Malicious(tmp_path / "executed")), b"nonsense"):
        (folder / "pytorch_model.bin").write_bytes(content)
        with pytest.raises(UsageError, match="damaged or more than tensors"):
            load([f"wav2vec2:{folder}"])
    assert not (tmp_path / "executed").exists()


def archive(path, pickled, compression=zipfile.ZIP_STORED, **more):
    with zipfile.ZipFile(path, "w", compression) as written:
        for name, content in {"data.pkl": pickled, "version": b"3\n", **more}.items():
            written.writestr(f"archive/{name}", content)


#: A key that is a pair of twice the pair before, forty times; hashing it takes years.
DOUBLED = b")" + b"".join(b"q%bh%b\x86" % (bytes([n]), bytes([n])) for n in range(1, 60))


@pytest.mark.parametrize(
    "pickled",
    [
        pytest.param(b"\x80\x02}(" + DOUBLED + b"K\x01u.", id="a key without end"),
        pytest.param(b"\x80\x02}()" + b"\x85" * 2_000_000 + b"K\x01u.", id="a key too deep for the stack"),
        pytest.param(b"\x80\x02}()" + b"\x85" * 5_000 + b"K\x01u.", id="a key that is none"),
        pytest.param(b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\0\0\0\0\x0f\x85R.", id="64 GB of nothing"),
        pytest.param(b"\x80\x02ctorch\nTensor\n)R.", id="another way to make a tensor"),
        pytest.param(b"\x80\x02](K\x01e.", id="a list"),
    ],
)
def test_a_pickle_that_would_take_all_time_or_memory_is_refused(tmp_path, pickled):
    archive(tmp_path / "pytorch_model.bin", pickled)
    with pytest.raises(UsageError, match=r"damaged or more than tensors|no table of tensors"):
        read_weights(tmp_path)


def test_a_table_with_attributes_of_its_own_is_read_by_what_it_holds(tmp_path):
    items = b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\0\0\0itemsK\x01sb."
    archive(tmp_path / "pytorch_model.bin", items)
    assert read_weights(tmp_path) == {}


def test_an_archive_that_is_compressed_or_has_a_second_table_is_refused(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    for write_it in (
        lambda: archive(path, b"\x80\x02}.", zipfile.ZIP_DEFLATED, bomb=bytes(1 << 20)),
        lambda: archive(path, b"\x80\x02}.", **{"DATA.PKL": b"\x80\x02}."}),
        lambda: path.write_bytes(b"another archive" + path.read_bytes()),
    ):
        write_it()
        with pytest.raises(UsageError, match="damaged or more than tensors"):
            read_weights(tmp_path)


def test_a_number_that_stands_for_ever_takes_no_memory(wav2vec2, tmp_path):
    def endless(state):
        return {**state, "classifier.dense.bias": torch.zeros(1, dtype=torch.float16).expand(1 << 45)}

    folder = wav2vec2_folder(tmp_path, wav2vec2, weights="pytorch_model.bin")
    torch.save(endless(torch.load(folder / "pytorch_model.bin")), folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="does not fit its kind"):
        load([f"wav2vec2:{folder}"])


POSITIONS = "wav2vec2.encoder.pos_conv_embed.conv"


def _drop(key):
    return lambda state: {k: v for k, v in state.items() if k != key}


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        (_drop("classifier.dense.bias"), r"lacks tensor classifier\.dense\.bias"),
        (_drop(f"{POSITIONS}.parametrizations.weight.original0"), r"lacks tensor .*weight\.original0"),
        (lambda state: _drop(f"{POSITIONS}.weight_g")(old_names(state)), r"lacks tensor .*weight\.original0"),
        (_drop("wav2vec2.encoder.pos_conv_embed.conv.bias"), r"lacks tensor .*pos_conv_embed\.conv\.bias"),
        (lambda state: {**state, "lm_head.weight": torch.zeros(1)}, r"unknown tensor lm_head\.weight"),
        (lambda state: {**state, "classifier.out_proj.bias": torch.zeros(4)}, "does not fit its kind"),
        (lambda state: {**state, "classifier.out_proj.bias": torch.full((3,), np.inf)}, "NaN or infinity"),
    ],
)
def test_tensors_must_be_exactly_those(wav2vec2, tmp_path, rename, message):
    spec = f"wav2vec2:{wav2vec2_folder(tmp_path, wav2vec2, rename)}"
    with pytest.raises(UsageError, match=message):
        load([spec])


def test_a_mask_of_training_may_be_missing_and_has_no_part_in_the_identity(wav2vec2, tmp_path):
    whole = load([f"wav2vec2:{wav2vec2_folder(tmp_path / 'whole', wav2vec2)}"])
    without = wav2vec2_folder(tmp_path / "without", wav2vec2, _drop("wav2vec2.masked_spec_embed"))
    assert {load([f"wav2vec2:{without}"]).identity for _ in range(2)} == {whole.identity}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", "{", "cannot be read"),
        ("config.json", "[]", "no JSON object"),
        ("config.json", json.dumps({**SMALL, "num_hidden_layers": 10**9}), "does not belong to its weights"),
        ("config.json", json.dumps({**SMALL, "hidden_size": "wide"}), "cannot be used"),
        ("config.json", "[" * 100_000, "cannot be read"),
        ("config.json", json.dumps({**SMALL, "intermediate_size": 2**40}), "does not fit its kind"),
        ("config.json", json.dumps({**SMALL, "num_attention_heads": 0}), "cannot be used"),
        ("model.safetensors", "no", "cannot be read"),
    ],
)
def test_damaged_files(wav2vec2, tmp_path, name, content, message):
    folder = wav2vec2_folder(tmp_path, wav2vec2)
    (folder / name).write_text(content)
    with pytest.raises(UsageError, match=message):
        load([f"wav2vec2:{folder}"])


def test_a_folder_without_weights_and_no_folder(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="holds no weights of a teacher"):
        load([f"wav2vec2:{tmp_path}"])
    with pytest.raises(UsageError, match=r"no folder .* of a teacher"):
        load([f"wav2vec2:{tmp_path}/none/at/all"])


def test_no_spec_at_all():
    with pytest.raises(UsageError, match="No teacher was named"):
        load([])


@pytest.mark.parametrize("spec", ["", "wav2vec", "wav2vec2:", "whisper:large", "acted/"])
def test_a_spec_that_names_no_teacher(spec):
    with pytest.raises(UsageError, match="names no teacher"):
        load([spec])


def test_check_compares_with_what_was_published(wav2vec2, tmp_path, monkeypatch):
    teacher = load([f"wav2vec2:{wav2vec2_folder(tmp_path, wav2vec2)}"])
    answers = check(teacher)
    assert [answer.agrees for answer in answers] == [False, False]
    silence = np.abs(np.array(answers[0].given) - [0.5460754, 0.6062266, 0.40431657])
    np.testing.assert_allclose(np.abs(answers[0].differences), silence)
    assert answers[0].difference == pytest.approx(silence.max())
    given = {answer.sound: checking.Published(answer.given, 1e-6) for answer in answers}
    monkeypatch.setitem(checking._PUBLISHED, "wav2vec2", given)
    assert all(answer.agrees for answer in check(teacher))
    # The second input is the one that the published figure belongs to: legacy NumPy noise of seed 0.
    np.random.seed(0)
    noise = np.random.normal(size=16_000).astype(np.float32)
    np.testing.assert_array_equal(teacher.annotate(noise[np.newaxis])[0], answers[1].given)
