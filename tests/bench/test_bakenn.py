"""bakenn's C of the same backbone gives the reference's integers on an emulated board."""

import numpy as np
import pytest

from tests.builds import need
from toolchain.audio import Selection
from toolchain.bench import compare, make_header
from toolchain.bench.bakenn_model import equals_reference, with_one_output
from toolchain.bench.comparison import Comparison
from toolchain.bench.measure import Contestant, Pair
from toolchain.cli.students import open_student
from toolchain.reference.engine import run
from toolchain.resources import student_dir
from toolchain.target import load_target

MODEL = "wav2small-17k"


def backbone(model):
    return (student_dir(model) / "backbone.int8.tflite").read_bytes()


def run_tflite(tflite, image):
    """One run of a .tflite file by LiteRT's reference kernels."""
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    resolver = interpreter.OpResolverType.BUILTIN_REF
    network = interpreter.Interpreter(model_content=tflite, experimental_op_resolver_type=resolver)
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], image)
    network.invoke()
    return [network.get_tensor(item["index"]) for item in network.get_output_details()]


@pytest.mark.parametrize("model", [MODEL, "wav2small-72k"])
def test_a_backbone_with_one_output_computes_the_same(model, one_clip):
    student = open_student(model, None).quantized
    rows = run(student, one_clip.clips[0].pcm).rows
    image = rows["logmel"].astype(np.int8).reshape(1, -1, 26, 1)
    (output,) = run_tflite(with_one_output(backbone(model)), image)
    assert output.shape[-1] == 13 * len(student.backbone.outputs)
    assert equals_reference(student, rows, output.ravel())
    assert not equals_reference(student, rows, np.roll(output.ravel(), 1))


@pytest.mark.board
def test_it_is_compared_on_a_board_that_holds_it(one_clip, tmp_path):
    pytest.importorskip("bakenn")
    need("arm-none-eabi-gcc")
    need("qemu-system-arm")
    contestant = Contestant(open_student(MODEL, None).quantized, lambda pcm: (0.5, 0.5, 0.5))
    targets = [load_target(name) for name in ("mps2-an386", "nrf52840")]
    header = make_header(targets, [contestant], one_clip, "speech", 1.0)
    pairs = [Pair(target, contestant, one_clip if target.emulator else Selection((), ())) for target in targets]
    comparison = compare(pairs, header, tmp_path)
    plain, bakenn = (comparison.of("mps2-an386", MODEL, engine) for engine in ("plain", "bakenn"))
    assert (plain.clips, plain.equal_clips, bakenn.clips, bakenn.equal_clips) == (1, 1, 1, 1)
    assert 2 < bakenn.instructions_per_mac < plain.instructions_per_mac < 12
    assert bakenn.ram_bytes > 400_000 > plain.ram_bytes
    assert comparison.versions == {"bakenn": "1.0.0", "CMSIS-NN": "4.0.0"}
    assert comparison.of("nrf52840", MODEL, "plain") is None
    path = tmp_path / "comparison.json"
    comparison.write(path)
    assert Comparison.read(path) == comparison
    steps = []
    again = compare(pairs, header, tmp_path, earlier=comparison, progress=lambda *step: steps.append(step))
    assert again == comparison
    assert not steps
