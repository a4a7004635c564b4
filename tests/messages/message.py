"""A message as a template: its literal text, and what stands for the values in it."""

import re
from dataclasses import dataclass
from functools import cached_property

#: Stands in a template for a value that is known only at run time.
VALUE = "\0"

#: Stands for the message of another error, which is collected where that error is made.
PASSED_ON = "\1"


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        template: its text with `VALUE` for what varies.
        section: the exit code, None if it is that of another error; "notes" or "doctor" if it is no error.
        place: file:line.
    """

    template: str
    section: str | None
    place: str

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """The literal pieces, in order, without the punctuation and spaces around them."""
        return tuple(bare(piece) for piece in re.split(f"[{VALUE}{PASSED_ON}]", self.template) if letters(piece))

    def is_quoted_by(self, quote: tuple[str, ...]) -> bool:
        """Whether a quote is of this message: whole pieces in their order, and the longest or half of the text."""
        rest = iter(self.pieces)
        if not all(piece in rest for piece in quote):
            return False
        longest = max(self.pieces, key=letters)
        return longest in quote or 2 * sum(map(letters, quote)) >= sum(map(letters, self.pieces))


def bare(piece: str) -> str:
    """A piece without the punctuation and spaces around it."""
    return piece.strip(" .,:;()'\"\n")


def letters(text: str) -> int:
    """Number of letters in ``text``."""
    return sum(character.isalpha() for character in text)
