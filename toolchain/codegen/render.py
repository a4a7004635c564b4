"""Jinja, set up so that a missing variable is an error and the C comes out as it was written."""

import textwrap
from collections.abc import Iterable
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolchain.resources import templates_dir


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_dir()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C and linker scripts, not HTML
    )
    environment.filters["c_values"] = c_values
    return environment


def c_values(values: Iterable[int], indent: int = 4) -> str:
    """Lay out numbers as the body of a C initialiser, in lines of at most 110 columns."""
    prefix = " " * indent
    text = ", ".join(str(value) for value in values) + ","
    return textwrap.fill(text, width=110, initial_indent=prefix, subsequent_indent=prefix)


def render(template: str, **context: Any) -> str:
    """Render ``template`` (a path below ``firmware_templates/``) with the given variables.

    Raises:
        jinja2.UndefinedError: if the template uses a variable that was not given.
    """
    return _environment().get_template(template).render(**context)
