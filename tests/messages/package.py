"""The source of a package: its modules, what is around each of their nodes, and who calls whom."""

import ast
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.messages.syntax import name_of


@dataclass(frozen=True)
class Scope:
    """Where a name is looked up: a module, and the classes and functions around a place, outermost first."""

    module: "Module"
    around: tuple[ast.AST, ...] = ()

    @property
    def functions(self) -> list[ast.FunctionDef]:
        """The functions around the place, innermost first."""
        return [node for node in reversed(self.around) if isinstance(node, ast.FunctionDef)]

    @property
    def cls(self) -> ast.ClassDef | None:
        """The innermost class around the place."""
        return next((node for node in reversed(self.around) if isinstance(node, ast.ClassDef)), None)

    def inside(self, node: ast.AST) -> "Scope":
        """The scope in a function or class that stands here."""
        return Scope(self.module, (*self.around, node))

    def up_to(self, function: ast.FunctionDef) -> "Scope":
        """The scope in one of the `functions`, without what it holds around the place."""
        return Scope(self.module, self.around[: self.around.index(function) + 1])


class Module:
    """One file.

    Args:
        path: of the file.
        name: its path from the folder that the package is in.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.dotted = name.removesuffix(".py").replace("/", ".")
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        #: Every node with what is around it.
        self.nodes: list[tuple[ast.AST, Scope]] = []
        self._visit(self.tree, Scope(self))
        imports = [node for node, _ in self.nodes if isinstance(node, ast.ImportFrom)]
        #: Local name -> module and original name, of what is imported from elsewhere.
        self.imported = {
            alias.asname or alias.name: (node.module or "", alias.name) for node in imports for alias in node.names
        }

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        self.nodes.append((node, scope))
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            scope = scope.inside(node)
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)

    def imports(self, dotted: str) -> bool:
        """Whether it imports something from a module, or from a package around that."""
        return any(f"{dotted}.".startswith(f"{module}.") for module, _ in self.imported.values())

    def original(self, name: str) -> str:
        """What ``name`` was called where it was defined."""
        return self.imported[name][1] if name in self.imported else name


class Package:
    """All Python files below a folder.

    Args:
        root: the package's folder.
    """

    def __init__(self, root: Path) -> None:
        self.modules = [Module(path, path.relative_to(root.parent).as_posix()) for path in sorted(root.rglob("*.py"))]
        #: All functions and calls by their names.
        self._functions: defaultdict[str, list[tuple[ast.FunctionDef, Scope]]] = defaultdict(list)
        self._calls: defaultdict[str, list[tuple[ast.Call, Scope]]] = defaultdict(list)
        for module in self.modules:
            for node, scope in module.nodes:
                if isinstance(node, ast.FunctionDef):
                    self._functions[node.name].append((node, scope))
                elif isinstance(node, ast.Call):
                    self._calls[module.original(name_of(node.func))].append((node, scope))

    def classes(self) -> list[ast.ClassDef]:
        """All classes."""
        return [node for module in self.modules for node, _ in module.nodes if isinstance(node, ast.ClassDef)]

    def returned(self, call: ast.Call, scope: Scope) -> list[tuple[ast.expr, Scope]]:
        """What the functions that a call can mean return."""
        dotted, name = scope.module.imported.get(name_of(call.func), (scope.module.dotted, name_of(call.func)))
        return [
            (node.value, where.inside(function))
            for function, where in self._functions[name]
            if where.module.dotted.startswith(dotted)
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
        ]

    def calls(self, name: str, module: Module) -> list[tuple[ast.Call, Scope]]:
        """The calls of what is defined as ``name`` in a module: there, and where that is imported."""
        return [
            (call, where)
            for call, where in self._calls[name]
            if where.module is module or where.module.imports(module.dotted)
        ]
