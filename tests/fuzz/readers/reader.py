"""What a reader of files is, and what several of them need."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Reader:
    """One way in.

    Attributes:
        name: of the reader.
        file: what the hostile file is called in its folder.
        originals: makes some good files.
        read: reads the file, and uses what it read as far as it can fail by the file's content.
        text: whether it is a text.
        beside: fills the folder with what the good files need.
        weight: share of the usual number of inputs; less where one takes long.
    """

    name: str
    file: str
    originals: Callable[[], list[bytes]]
    read: Callable[[Path], Any]
    text: bool = False
    beside: Callable[[Path], None] = lambda folder: None
    weight: float = 1


def voice() -> np.ndarray:
    """A quarter of a second of noise at 16 kHz, as int16."""
    return (np.random.default_rng(0).normal(size=4000) * 3000).astype(np.int16)


def require_inside(path: Path, folder: Path) -> None:
    """Fail if a path that was read leads out of the folder that was named."""
    assert path.resolve().is_relative_to(folder.resolve()), f"{path} is outside"
