"""Errors a user can act on, one class per exit code.

Every error carries a message (what happened, where) and a hint (what to do next). Only ``toolchain.cli``
turns them into text on a terminal and into the process's exit code.
"""


class ToolchainError(Exception):
    """Base of all expected failures.

    Args:
        message: What happened and where, one sentence.
        hint: What to do next, one sentence, with the exact line to run where there is one.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ToolchainError):
    """A wrong argument, or an input file that cannot be used."""

    exit_code = 2


class MissingToolError(ToolchainError):
    """A compiler, emulator or optional Python package is not installed."""

    exit_code = 3


class BuildError(ToolchainError):
    """Conversion, code generation or compilation failed, or the image exceeds its budget."""

    exit_code = 4


class DoesNotFitError(BuildError):
    """The image exceeds the target's memory or budget."""


class FlashError(ToolchainError):
    """The image could not be written to, or started on, the board."""

    exit_code = 5


class LinkError(ToolchainError):
    """The serial link failed: no answer, a damaged stream, or a board that runs something else."""

    exit_code = 6


class ParityError(ToolchainError):
    """The board answered, and its answers are not those of the model."""

    exit_code = 7


class IncompleteError(ToolchainError):
    """The work is done and its result written, but for some inputs that could not be used."""

    exit_code = 8


class DriftError(ToolchainError):
    """After many clips a board, or this computer, is not as it was after the first ones, or a board did not last."""

    exit_code = 9


class SignatureError(ToolchainError):
    """A signature is missing where one is demanded, is not valid, or is by a key that is not trusted."""

    exit_code = 10
