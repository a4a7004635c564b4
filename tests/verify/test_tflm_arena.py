import pytest

from toolchain.model_names import MODELS
from toolchain.quantize.folder import StudentFolder
from toolchain.resources import student_dir
from toolchain.verify.tflm_arena import measure, tflm_arena


@pytest.mark.parametrize("model", MODELS)
def test_the_kept_figure_is_what_tflm_needs(model):
    assert measure(StudentFolder(student_dir(model))) == tflm_arena(model)
