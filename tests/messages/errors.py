"""The classes of errors of a package."""

import ast

from tests.messages.package import Package, Scope
from tests.messages.syntax import assigned, bases, defines, name_of

_ROOT = "ToolchainError"


class ErrorClasses:
    """``ToolchainError`` and all classes derived from it.

    Attributes:
        exit_codes: name of the class -> exit code.
        with_own_text: the names of those that put their message together themselves.
    """

    def __init__(self, package: Package) -> None:
        classes = package.classes()
        self.exit_codes = _exit_codes(classes)
        self.with_own_text = {
            node.name
            for node in classes
            if node.name in self.exit_codes and node.name != _ROOT and defines(node, "__init__")
        }

    def has(self, node: ast.expr | None, scope: Scope) -> bool:
        """Whether an expression names one of them."""
        return isinstance(node, ast.Name | ast.Attribute) and scope.module.original(name_of(node)) in self.exit_codes


def _exit_codes(classes: list[ast.ClassDef]) -> dict[str, str]:
    codes: dict[str, str] = {}
    while True:
        more = {
            node.name: _own_exit_code(node) or next(codes[base] for base in bases(node) if base in codes)
            for node in classes
            if node.name not in codes and (node.name == _ROOT or any(base in codes for base in bases(node)))
        }
        if not more:
            return codes
        codes |= more


def _own_exit_code(node: ast.ClassDef) -> str | None:
    codes = [value for value, _ in assigned("exit_code", node)]
    return str(ast.literal_eval(codes[0])) if codes else None
