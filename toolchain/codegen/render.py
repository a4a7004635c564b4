"""Jinja, set up so that a missing variable is an error and the C comes out as it was written."""

from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolchain.resources import templates_dir


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_dir()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C and linker scripts, not HTML
    )


def render(template: str, **context: Any) -> str:
    """Render ``template`` (a path below ``firmware_templates/``) with the given variables.

    Raises:
        jinja2.UndefinedError: if the template uses a variable that was not given.
    """
    return _environment().get_template(template).render(**context)
