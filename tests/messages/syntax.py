"""Questions about single nodes of Python's syntax tree."""

import ast
from collections.abc import Iterator


def name_of(node: ast.expr) -> str:
    """The last part of a dotted name, "" of anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def bases(node: ast.ClassDef) -> list[str]:
    """The names of the classes that a class is derived from."""
    return [name_of(base) for base in node.bases]


def defines(block: ast.ClassDef, name: str) -> bool:
    """Whether a class has a method of this name itself."""
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in block.body)


def parameters(function: ast.FunctionDef) -> list[str]:
    """The names of a function's parameters."""
    arguments = function.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def argument(call: ast.Call, index: int, name: str) -> ast.expr | None:
    """The argument of a call; a starred one stands for all that follow."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if call.args and isinstance(call.args[0], ast.Starred):
        return call.args[0]
    return call.args[index] if index < len(call.args) else None


def begins_with(node: ast.expr, text: str) -> bool:
    """Whether a string or an f-string begins with this."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) else node
    return isinstance(first, ast.Constant) and str(first.value).startswith(text)


def is_super_init(call: ast.Call) -> bool:
    """Whether it is ``super().__init__(…)``."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Call)
        and (name_of(function.value.func), function.attr) == ("super", "__init__")
    )


def is_own(node: ast.expr, name: str) -> bool:
    """Whether it is ``self.<name>``."""
    return isinstance(node, ast.Attribute) and name_of(node.value) == "self" and node.attr == name


def assigned(name: str, around: ast.AST) -> Iterator[tuple[ast.expr, int | None]]:
    """The values a name is given in a block, each with the index in it if it is taken apart."""
    for node in ast.walk(around) if isinstance(around, ast.FunctionDef) else ast.iter_child_nodes(around):
        match node:
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target) if node.value is not None:
                yield from _taken(name, target, node.value)
            case ast.NamedExpr(target=target):
                yield from _taken(name, target, node.value)
            case ast.For(iter=ast.Tuple() | ast.List() as rows):
                for row in rows.elts:
                    yield from _taken(name, node.target, row)


def _taken(name: str, target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, int | None]]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value, None
    if isinstance(target, ast.Tuple):
        for index, part in enumerate(target.elts):
            if isinstance(part, ast.Name) and part.id == name:
                yield value, index
