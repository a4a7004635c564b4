"""Readers of what the toolchain itself has written in JSON: of a training, of a build, and of measurements."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.fuzz.readers.reader import Reader, require_inside
from toolchain.build.folder import sealed
from toolchain.files import MOST_FACTS, read_text_bounded
from toolchain.model_names import MODELS
from toolchain.resources import targets_dir


def _trainings() -> list[bytes]:
    from toolchain.distill.config import Config

    record = {"config": asdict(Config(model=MODELS[0])), "made_with": "0123456789ab", "best_epoch": 3}
    return [json.dumps(record, indent=1).encode()]


def _read_training(path: Path) -> None:
    from toolchain.distill.state import read_record

    record = read_record(path.parent)
    assert {"config", "made_with", "best_epoch"} <= set(record)


_BUILT = {"firmware.elf": b"\x7fELF", "firmware.bin": b"flash", "src/app/main.c": b"int main(void) { return 0; }\n"}


def put_build(folder: Path) -> None:
    for name, content in _BUILT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def build_manifests() -> list[bytes]:
    section = {"name": ".text", "bytes": 4, "in_flash": True, "in_ram": False}
    sizes = {
        "sections": [section],
        "objects": {"main.o": [4, 0]},
        "flash_bytes": 4,
        "ram_static_bytes": 0,
        "stack_bytes": 2048,
    }
    manifest = {
        "target": "host",
        "model": MODELS[0],
        "model_hash": "0011223344556677",
        "student": "ab" * 32,
        "build_id": "8899aabbccddeeff",
        "image": "firmware.bin",
        "image_crc": 7,
        "compiler": "gcc 12",
        "flags": ["-O2"],
        "link_flags": [],
        "sizes": sizes,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in _BUILT.items()},
    }
    return [json.dumps(manifest, indent=1).encode()]


def _seal(path: Path) -> None:
    """Seal a manifest anew, as whoever changes it on purpose would: else the seal is all that is looked at."""
    try:
        manifest = sealed(json.loads(read_text_bounded(path, MOST_FACTS)))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return
    path.write_text(json.dumps(manifest, indent=1))


def _read_build(path: Path) -> None:
    from toolchain.build.firmware import read_build

    _seal(path)
    build = read_build(path.parent)
    require_inside(build.image, path.parent)
    assert len(build.build_id) == len(build.model_hash) == 8
    assert all(type(number) is int for number in (build.sizes.flash_bytes, build.sizes.ram_static_bytes))
    assert build.image_crc is None or 0 <= build.image_crc < 2**32


def _committed(name: str) -> Callable[[], list[bytes]]:
    """A table of the repository, cut down so that most of a damage hits what is checked."""

    def make() -> list[bytes]:
        table = json.loads((targets_dir() / name).read_text())
        for key, value in table.items():
            if isinstance(value, list):
                table[key] = value[:1]
        return [json.dumps(table, indent=1).encode()]

    return make


def _read_bench(path: Path) -> None:
    from toolchain.bench import Table

    Table.read(path)


def _read_comparison(path: Path) -> None:
    from toolchain.bench.comparison import Comparison

    Comparison.read(path)


def _read_faults(path: Path) -> None:
    from toolchain.faults.report import FaultTable, Tally, require_nothing_wrong

    table = FaultTable.read(path)
    for result in table.targets:
        if result.unfinished is not None:
            Tally.of(result)
    require_nothing_wrong(table.targets)


def _read_soak(path: Path) -> None:
    from toolchain.soak import SoakTable, require_no_drift

    require_no_drift(SoakTable.read(path).boards)


def _parts_of_training() -> tuple[Any, dict[str, Any], Any]:
    import torch

    from toolchain.distill.config import Config

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(network.parameters())
    return Config(model=MODELS[0]), {"network": network}, optimizer


def _learn(network: Any, optimizer: Any) -> None:
    import torch

    network(torch.ones(2, 4)).square().sum().backward()
    optimizer.step()


def _training_states() -> list[bytes]:
    from toolchain.distill.state import Progress, write_state

    config, modules, optimizer = _parts_of_training()
    _learn(modules["network"], optimizer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.safetensors"
        write_state(path, config, Progress(2, 1, 0.5, [{"epoch": 1, "loss": 0.25}]), modules, optimizer)
        return [path.read_bytes()]


def _read_training_state(path: Path) -> None:
    from toolchain.distill.state import read_state

    config, modules, optimizer = _parts_of_training()
    progress = read_state(path, config, modules, optimizer)
    assert type(progress.epoch) is int and type(progress.best_score) is float
    _learn(modules["network"], optimizer)


READERS = (
    Reader("training-record", "history.json", _trainings, _read_training, text=True),
    Reader("training-state", "training.safetensors", _training_states, _read_training_state, weight=0.3),
    Reader("build-manifest", "manifest.json", build_manifests, _read_build, text=True, beside=put_build),
    Reader("bench", "bench.json", _committed("bench.json"), _read_bench, text=True),
    Reader("comparison", "comparison.json", _committed("comparison.json"), _read_comparison, text=True),
    Reader("faults", "faults.json", _committed("faults.json"), _read_faults, text=True),
    Reader("soak", "soak.json", _committed("soak.json"), _read_soak, text=True),
)
