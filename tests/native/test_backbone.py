"""The backbone alone against the reference, also at images that no front end makes."""

import numpy as np
import pytest

from tests.builds import need, student_of
from toolchain.model_names import MODELS
from toolchain.native import NativeBackbone
from toolchain.native.kernel import HOST_KERNELS, native_kernels
from toolchain.reference.backbone import run_backbone


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    need("gcc")
    return request.param


@pytest.fixture(scope="module", params=HOST_KERNELS)
def backbone(model: str, request: pytest.FixtureRequest) -> NativeBackbone:
    if request.param not in native_kernels():
        pytest.skip(f"this computer does not run the kernel {request.param}")
    return NativeBackbone(student_of(model), request.param)


def images() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = {f"{rows} rows": rng.integers(-128, 128, (rows, 26)) for rows in (1, 2, 3, 4, 5, 6, 7, 8, 90, 301)}
    extremes = {"lowest": np.full((20, 26), -128), "highest": np.full((20, 26), 127)}
    stripes = {"stripes": np.where(np.arange(21 * 26).reshape(21, 26) % 2, 127, -128)}
    return {name: image.astype(np.int8) for name, image in (sizes | extremes | stripes).items()}


@pytest.mark.parametrize("name", images())
def test_outputs_equal_the_reference(model: str, backbone: NativeBackbone, name: str) -> None:
    image = images()[name]
    expected = run_backbone(image, student_of(model).backbone)
    outputs = backbone.run(image)
    assert outputs.keys() == {"wav2small-17k": {"lin", "sof"}, "wav2small-72k": {"rows"}}[model]
    for output, rows in outputs.items():
        np.testing.assert_array_equal(rows, expected[output], output)
