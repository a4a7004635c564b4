"""Training of the teacher that needs no download: one network for each seed, on acted speech."""

import dataclasses
from pathlib import Path

import torch
from safetensors.torch import load_file

from toolchain.distill.config import Config, Precision
from toolchain.distill.division import divide
from toolchain.distill.initialise import initialise
from toolchain.distill.lesson import own_targets
from toolchain.distill.processes import Processes
from toolchain.distill.recordings import load_recordings
from toolchain.distill.train import Course, OnStep, train
from toolchain.errors import UsageError
from toolchain.model import checkpoint
from toolchain.teacher.acted import ActedNetwork, ActedTeacher

#: Members differ in their seeds alone. Their mean is smoother than any of them, so a student can follow it better.
MEMBERS = 2

#: Loudest seconds of a validation recording that an epoch is judged by.
VALIDATION_SECONDS = 2.0

RECIPE = Config(
    model=ActedNetwork.name,
    epochs=24,
    fake_quant_epochs=0,
    learning_rate=1e-3,
    weight_decay=5e-2,
    crop_seconds=(1.0, 2.5),
    augment=0.7,
    mixup=0.5,
    precision=Precision.BFLOAT16,
)


def train_acted_teacher(
    config: Config,
    corpus: Path,
    out: Path,
    processes: Processes,
    members: int = MEMBERS,
    on_step: OnStep = lambda done, total: None,
    workers: int = 0,
) -> ActedTeacher:
    """Train the members one after the other and write their ensemble to ``out``.

    An interrupted call continues where it was. Member k has the seed ``config.seed + k`` and a folder of its own.

    Args:
        config: The recipe; :data:`RECIPE` but for seed, epochs and threads.
        corpus: Folder of corpora, see :func:`toolchain.distill.division.divide`.
        out: Folder to write to, made if absent.
        processes: Those that train together.
        members: How many networks.
        on_step: Progress callback, over all members.
        workers: Processes that make batches ahead.

    Raises:
        UsageError: The corpus cannot be used, or ``out`` holds a run with another configuration.
    """
    split = divide(corpus)
    if split.targets != "words":
        raise UsageError(
            f"{corpus} does not say which emotions were acted.",
            "A teacher of our own needs metadata.csv with the columns file, speaker (or actor) and emotion.",
        )
    course = Course(
        load_recordings(split.train, trim=True),
        own_targets,
        load_recordings(split.validation, trim=True).loudest(VALIDATION_SECONDS),
    )
    networks = []
    for member in range(members):
        own = dataclasses.replace(config, seed=config.seed + member)
        torch.manual_seed(own.seed)
        network = ActedNetwork()
        initialise(network)
        folder = _folder(out, own.seed)
        train(network, course, own, folder, processes, _at(on_step, member, members), workers)
        network.load_state_dict(load_file(folder / checkpoint.FILE_NAME))
        networks.append(network.cpu())
    ActedTeacher(networks).save(out)
    return ActedTeacher.load(out)


def member_folders(config: Config, out: Path, members: int) -> list[Path]:
    """Return where :func:`train_acted_teacher` leaves the runs of its members."""
    return [_folder(out, config.seed + member) for member in range(members)]


def _folder(out: Path, seed: int) -> Path:
    return out / f"seed-{seed}"


def _at(on_step: OnStep, member: int, members: int) -> OnStep:
    return lambda done, total: on_step(member * total + done, members * total)
