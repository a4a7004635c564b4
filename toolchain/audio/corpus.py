"""Folders of recordings: finding the clips, and the recordings a Debian machine can install."""

from pathlib import Path

from toolchain.errors import MissingToolError, UsageError

SUFFIXES = frozenset({".wav", ".flac", ".ogg"})

#: Debian's asterisk-core-sounds-en-wav: one speaker (Allison Smith), 8 kHz, CC BY-SA 3.0.
_INSTALLED = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


def find_clips(folder: Path) -> list[Path]:
    """All WAV, FLAC and OGG files under ``folder`` (or ``folder`` itself, if it is a file), sorted by path.

    Raises:
        UsageError: if there is no such folder, or it holds no such file.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    clips = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not clips:
        raise UsageError(f"folder {folder} holds no WAV, FLAC or OGG file")
    return clips


def installed_corpus() -> Path:
    """Folder of the speech recordings that Debian's ``asterisk-core-sounds-en-wav`` installs.

    Raises:
        MissingToolError: if the package is not installed.
    """
    if not _INSTALLED.is_dir():
        raise MissingToolError(
            f"no speech recordings in {_INSTALLED}",
            "apt-get install asterisk-core-sounds-en-wav, or name a folder of your own with --corpus",
        )
    return _INSTALLED
