"""Rows and a header of a bench, made up."""

from toolchain.bench import Audio, Header, Row

AUDIO = Audio(corpus="speech", clips=20, seconds=1.0, sha256="ab")
HEADER = Header(audio=AUDIO, students={"wav2small-17k": "cd"}, compilers={"gcc": "gcc 12"}, emulators={})
IDENTITY = {"build_id": "ef", "target_sha256": "ba", "student": "cd"}


def row(target: str, model: str = "wav2small-17k", **figures: object) -> Row:
    """A row of an emulated board, right on all clips, with the given figures."""
    facts = {"verified": "emulated-core", "clips": 20, "equal_clips": 20, **IDENTITY}
    named = {"target": target, "model": model, "kernel": "plain", "audio": "ab"}
    return Row.model_validate({**named, **facts, **figures})
