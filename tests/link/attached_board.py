"""What a proxy stands before where a test has the other end of the line."""

from typing import Self


class AttachedBoard:
    """A board on a port, of which nothing else is known: it can neither be reset nor killed."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def reset(self) -> None:
        """Not possible."""
        raise NotImplementedError("this board cannot be reset")

    kill = start = reset

    def complaint(self) -> str | None:
        """Nothing is known of it."""
        return None
