"""What TFLite Micro needs for the same backbone: the memory a streaming engine does without."""

import json
from pathlib import Path
from typing import Any

_MEASURED = Path(__file__).with_name("tflm_arena.json")


def tflm_arena(model: str) -> dict[str, Any] | None:
    """The smallest tensor arena TFLite Micro ran the int8 backbone of ``model`` in.

    It depends on the architecture and the number of frames, not on the weights.

    Returns:
        ``bytes``, ``seconds`` of audio, and ``tflite_micro``, the version it was measured with; None if
        the model was not measured.
    """
    measured: dict[str, dict[str, Any]] = json.loads(_MEASURED.read_text(encoding="utf-8"))
    return measured.get(model)
