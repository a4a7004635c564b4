import sys

import pytest

from toolchain.errors import MissingToolError
from toolchain.extras import install_line, require


def test_an_installed_module_is_returned():
    assert require("json", "convert").loads("[1]") == [1]


def test_a_missing_module_tells_the_line_to_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingToolError, match="tensorflow is not installed") as caught:
        require("tensorflow", "tensorflow")
    assert caught.value.hint == 'run: pip install "wav2small-toolchain[tensorflow]"'
    assert caught.value.exit_code == 3


def test_conversion_needs_a_second_line():
    assert install_line("convert").endswith("pip install --no-deps --ignore-requires-python onnx2tf==2.6.9")
