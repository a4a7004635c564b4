"""Find every message the toolchain can give a user, in its source and without running it.

Where the text of one cannot be told, the place is reported, never passed over.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.messages.errors import ErrorClasses
from tests.messages.message import PASSED_ON, Message, letters
from tests.messages.package import Package, Scope
from tests.messages.syntax import argument, begins_with, is_super_init, name_of
from tests.messages.tracing import TELLING, Tracer, Untraceable

_TAKES_CLASSES = ("isinstance", "issubclass", "suppress")


class Source:
    """The Python files of a package, and the messages in them.

    Args:
        root: the package's folder.

    Attributes:
        exit_codes: name of an error class -> exit code.
        untraceable: what could not be told when the messages were collected: file:line and why.
    """

    def __init__(self, root: Path) -> None:
        self._package = Package(root)
        self._tracer = Tracer(self._package)
        self._errors = ErrorClasses(self._package)
        self.exit_codes = self._errors.exit_codes
        self.untraceable: list[str] = []

    def messages(self) -> list[Message]:
        """All messages: of errors, of the flashing tools' complaints, notes, and what ``doctor`` says is missing."""
        nodes = [place for module in self._package.modules for place in module.nodes]
        return list(dict.fromkeys(message for node, scope in nodes for message in self._messages_of(node, scope)))

    def _messages_of(self, node: ast.AST, scope: Scope) -> Iterator[Message]:
        """The messages given at one place; what cannot be told there is noted."""
        place = f"{scope.module.name}:{getattr(node, 'lineno', 0)}"
        try:
            section, text = self._kind(node, scope)
            for template in [] if text is None else self._tracer.texts(text, scope):
                message = Message(template, section, place)
                if PASSED_ON in template and letters(template) < TELLING:
                    continue
                if not message.pieces:
                    raise Untraceable("nothing in its text is fixed")
                yield message
        except Untraceable as error:
            self.untraceable.append(f"{place}: {error}")

    def _kind(self, node: ast.AST, scope: Scope) -> tuple[str | None, ast.expr | None]:
        """The section of the message that is given at a place, and the expression of its text, None if there is none.

        Raises:
            Untraceable: if an error is made there without a message, or by something else that is given its class.
        """
        if isinstance(node, ast.Raise) and self._errors.has(node.exc, scope):
            raise Untraceable("the error has no message")
        if not isinstance(node, ast.Call):
            return None, None
        name = scope.module.original(name_of(node.func))
        if any(self._errors.has(given, scope) for given in node.args) and name not in _TAKES_CLASSES:
            raise Untraceable(f"{name} is given an error's class, and may make one")
        own_text = self._errors.with_own_text
        if self._errors.has(node.func, scope):
            return (None, None) if name in own_text else (self.exit_codes[name], _message(node))
        if is_super_init(node) and scope.cls is not None and scope.cls.name in own_text:
            return self.exit_codes[scope.cls.name], _message(node)
        if isinstance(node.func, ast.Call) and name_of(node.func.func) == "type" and len(node.func.args) == 1:
            return None, _message(node)
        return self._kind_of_others(name, node, scope)

    def _kind_of_others(self, name: str, call: ast.Call, scope: Scope) -> tuple[str | None, ast.expr | None]:
        """The same for what is no error itself."""
        if name == "Complaint":
            return self.exit_codes["FlashError"], argument(call, 1, "message")
        if name == "step":
            text = argument(call, 0, "text")
            return ("notes", text) if text is not None and begins_with(text, "note: ") else (None, None)
        if name == "Check" and scope.module.name.split("/")[-2] == "doctor":
            return "doctor", _what_is_missing(call)
        return None, None


def _message(call: ast.Call) -> ast.expr:
    """The message of an error that is made.

    Raises:
        Untraceable: if it is made without.
    """
    text = argument(call, 0, "message")
    if text is None:
        raise Untraceable("the error has no message")
    return text


def _what_is_missing(check: ast.Call) -> ast.expr | None:
    """The words of ``doctor`` for what is not found; None where they are a program's own, or a line to run."""
    found, detail = argument(check, 2, "found"), argument(check, 3, "detail")
    if isinstance(detail, ast.IfExp):
        detail = detail.orelse
    if isinstance(detail, ast.BoolOp):
        detail = detail.values[-1]
    is_missing = not (isinstance(found, ast.Constant) and found.value is True)
    parts = detail.values if isinstance(detail, ast.JoinedStr) else [detail]
    is_own = any(isinstance(part, ast.Constant) and letters(str(part.value)) > 1 for part in parts)
    return detail if is_missing and is_own else None
