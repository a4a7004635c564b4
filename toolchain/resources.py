"""Where the toolchain's own data lies: in the source tree, or inside an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _data_dir(name: str) -> Path:
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def templates_dir() -> Path:
    """Folder of the Jinja templates (``firmware_templates/``)."""
    return _data_dir("firmware_templates")


def targets_dir() -> Path:
    """Folder of the target descriptions (``targets/``)."""
    return _data_dir("targets")


def student_dir(model: str) -> Path:
    """Folder of the bundled student called ``model``."""
    return _PACKAGE / "students" / model


def teacher_dir() -> Path:
    """Folder of the bundled teacher, which needs no download."""
    return _PACKAGE / "teachers" / "acted"
