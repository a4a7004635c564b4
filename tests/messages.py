"""Find every message the toolchain can give a user, in its source and without running it.

A message is a template: its literal text, with `VALUE` wherever a value is put in. What it is put together from is
followed through conditional expressions, variables, parameters (to the calls that give them), functions and methods
that return text, and attributes. Where that leads nowhere, the place is reported, never passed over.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

#: Stands in a template for a value that is known only at run time.
VALUE = "\0"

#: Stands for the message of another error, which is collected where that error is made.
PASSED_ON = "\1"

#: With fewer literal letters than this an f-string says nothing by itself, so its values are followed, too.
_TELLING = 10

#: Longer chains than this are taken for endless ones.
_DEEPEST = 12

#: What ``format`` and ``%`` put values in.
_FIELD = re.compile(r"\{\w*\}")
_PERCENT_FIELD = re.compile(r"%[-+#0]*[\d.]*[a-zA-Z]")

_SAME_TEXT = ("format_map", "format", "strip", "rstrip", "lstrip", "replace")
_TAKES_CLASSES = ("isinstance", "issubclass", "suppress")
_ROOT_ERROR = "ToolchainError"


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


class Untraceable(Exception):
    """The text of an expression cannot be told from the source."""


class PartlyTraceable(Untraceable):
    """Some of the texts of an expression can be told: it is text, and the rest must not be passed over."""


@dataclass(frozen=True)
class _Scope:
    """Where a name is looked up: a module, and the classes and functions around a place, outermost first."""

    module: "_Module"
    around: tuple[ast.AST, ...] = ()

    @property
    def functions(self) -> list[ast.FunctionDef]:
        """The functions around the place, innermost first."""
        return [node for node in reversed(self.around) if isinstance(node, ast.FunctionDef)]

    @property
    def cls(self) -> ast.ClassDef | None:
        """The innermost class around the place."""
        return next((node for node in reversed(self.around) if isinstance(node, ast.ClassDef)), None)


class _Module:
    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.dotted = name.removesuffix(".py").replace("/", ".")
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        #: Every node with what is around it.
        self.nodes: list[tuple[ast.AST, _Scope]] = []
        self._visit(self.tree, _Scope(self))
        imports = [node for node, _ in self.nodes if isinstance(node, ast.ImportFrom)]
        #: Local name -> module and original name, of what is imported from elsewhere.
        self.imported = {
            alias.asname or alias.name: (node.module or "", alias.name) for node in imports for alias in node.names
        }

    def _visit(self, node: ast.AST, scope: _Scope) -> None:
        self.nodes.append((node, scope))
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            scope = _Scope(self, (*scope.around, node))
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)

    def imports(self, dotted: str) -> bool:
        """Whether it imports something from a module, or from a package around that."""
        return any(f"{dotted}.".startswith(f"{module}.") for module, _ in self.imported.values())

    def original(self, name: str) -> str:
        """What ``name`` was called where it was defined."""
        return self.imported[name][1] if name in self.imported else name


class Source:
    """The Python files of a package, and the messages in them.

    Args:
        root: the package's folder.
    """

    def __init__(self, root: Path) -> None:
        self._modules = [_Module(path, path.relative_to(root.parent).as_posix()) for path in sorted(root.rglob("*.py"))]
        #: All functions and calls by their names.
        self._functions: defaultdict[str, list[tuple[ast.FunctionDef, _Scope]]] = defaultdict(list)
        self._calls: defaultdict[str, list[tuple[ast.Call, _Scope]]] = defaultdict(list)
        for module in self._modules:
            for node, scope in module.nodes:
                if isinstance(node, ast.FunctionDef):
                    self._functions[node.name].append((node, scope))
                elif isinstance(node, ast.Call):
                    self._calls[module.original(_name(node.func))].append((node, scope))
        #: What could not be traced: file:line and why.
        self.untraceable: list[str] = []
        #: Name of an error class -> exit code.
        self.exit_codes = self._exit_codes()

    def messages(self) -> list[Message]:
        """All messages: of errors, of the flashing tools' complaints, notes, and what ``doctor`` says is missing."""
        return list(
            dict.fromkeys(
                message
                for module in self._modules
                for node, scope in module.nodes
                for message in self._messages_of(node, scope)
            )
        )

    def _messages_of(self, node: ast.AST, scope: _Scope) -> Iterator[Message]:
        """The messages given at one place; what cannot be told there is noted."""
        place = f"{scope.module.name}:{getattr(node, 'lineno', 0)}"
        try:
            section, text = self._kind(node, scope)
            templates = [] if text is None else self._texts(text, scope, 0)
            for template in templates:
                message = Message(template, section, place)
                if PASSED_ON in template and letters(template) < _TELLING:
                    continue
                if not message.pieces:
                    raise Untraceable("nothing in its text is fixed")
                yield message
        except Untraceable as error:
            self.untraceable.append(f"{place}: {error}")

    def _kind(self, node: ast.AST, scope: _Scope) -> tuple[str | None, ast.expr | None]:
        """The section of the message that is given at a place, and the expression of its text, None if there is none.

        Raises:
            Untraceable: if an error is made there without a message, or by something else that is given its class.
        """
        if isinstance(node, ast.Raise) and self._is_error(node.exc, scope):
            raise Untraceable("the error has no message")
        if not isinstance(node, ast.Call):
            return None, None
        name = scope.module.original(_name(node.func))
        if any(self._is_error(argument, scope) for argument in node.args) and name not in _TAKES_CLASSES:
            raise Untraceable(f"{name} is given an error's class, and may make one")
        if self._is_error(node.func, scope):
            return (None, None) if name in self._with_own_text else (self.exit_codes[name], _message(node))
        if _is_super_call(node) and scope.cls is not None and scope.cls.name in self._with_own_text:
            return self.exit_codes[scope.cls.name], _message(node)
        if isinstance(node.func, ast.Call) and _name(node.func.func) == "type" and len(node.func.args) == 1:
            return None, _message(node)
        return self._kind_of_others(name, node, scope)

    def _kind_of_others(self, name: str, call: ast.Call, scope: _Scope) -> tuple[str | None, ast.expr | None]:
        """The same for what is no error itself."""
        if name == "Complaint":
            return self.exit_codes["FlashError"], _argument(call, 1, "message")
        if name == "step":
            text = _argument(call, 0, "text")
            return ("notes", text) if text is not None and _begins_with(text, "note: ") else (None, None)
        if name == "Check" and scope.module.name.split("/")[-2] == "doctor":
            return "doctor", _what_is_missing(call)
        return None, None

    def _is_error(self, node: ast.expr | None, scope: _Scope) -> bool:
        return isinstance(node, ast.Name | ast.Attribute) and scope.module.original(_name(node)) in self.exit_codes

    @cached_property
    def _with_own_text(self) -> set[str]:
        """The classes of errors that put their message together themselves."""
        classes = (node for module in self._modules for node, _ in module.nodes if isinstance(node, ast.ClassDef))
        return {
            node.name
            for node in classes
            if node.name in self.exit_codes and node.name != _ROOT_ERROR and _defines(node, "__init__")
        }

    def _exit_codes(self) -> dict[str, str]:
        classes = [node for module in self._modules for node, _ in module.nodes if isinstance(node, ast.ClassDef)]
        codes: dict[str, str] = {}
        while True:
            more = {
                node.name: _own_exit_code(node) or next(codes[base] for base in _bases(node) if base in codes)
                for node in classes
                if node.name not in codes
                and (node.name == _ROOT_ERROR or any(base in codes for base in _bases(node)))
            }
            if not more:
                return codes
            codes |= more

    # What an expression says.

    def _texts(self, node: ast.expr, scope: _Scope, depth: int) -> list[str]:
        """All texts that ``node`` can be, as templates.

        Raises:
            Untraceable: if that cannot be told.
        """
        if depth > _DEEPEST:
            raise Untraceable("its text comes from too far away")
        follow = _FOLLOW.get(type(node))
        if follow is None:
            raise Untraceable(f"its text is {ast.unparse(node)}")
        return list(dict.fromkeys(follow(self, node, scope, depth + 1)))

    def _any_of(self, nodes: Iterable[tuple[ast.expr, _Scope]], depth: int) -> list[str]:
        texts: list[str] = []
        failure: Untraceable | None = None
        for node, scope in nodes:
            try:
                texts += self._texts(node, scope, depth)
            except Untraceable as error:
                failure = error
        if failure is not None:
            raise PartlyTraceable(str(failure)) if texts else failure
        return texts

    def _constant(self, node: ast.Constant, scope: _Scope, depth: int) -> list[str]:
        if node.value is None:
            return []
        if not isinstance(node.value, str):
            raise Untraceable(f"its text is {node.value!r}")
        return [_FIELD.sub(VALUE, node.value)]

    def _joined(self, node: ast.JoinedStr, scope: _Scope, depth: int) -> list[str]:
        plain = "".join(part.value if isinstance(part, ast.Constant) else VALUE for part in node.values)
        if letters(plain) >= _TELLING:
            return [plain]
        texts = [""]
        for part in node.values:
            texts = [text + more for text in texts for more in self._part(part, scope, depth)]
        if not any(letters(text) for text in texts):
            raise Untraceable(f"nothing in {ast.unparse(node)} is fixed")
        return texts

    def _part(self, part: ast.expr, scope: _Scope, depth: int) -> list[str]:
        if isinstance(part, ast.Constant):
            return [part.value]
        assert isinstance(part, ast.FormattedValue)
        try:
            return self._texts(part.value, scope, depth)
        except PartlyTraceable:
            raise
        except Untraceable:
            return [VALUE]

    def _operation(self, node: ast.BinOp, scope: _Scope, depth: int) -> list[str]:
        left = self._texts(node.left, scope, depth)
        if isinstance(node.op, ast.Mod):
            return [_PERCENT_FIELD.sub(VALUE, text) for text in left]
        return [text + more for text in left for more in self._texts(node.right, scope, depth)]

    def _choice(self, node: ast.IfExp, scope: _Scope, depth: int) -> list[str]:
        return self._any_of([(node.body, scope), (node.orelse, scope)], depth)

    def _first_that_is(self, node: ast.BoolOp, scope: _Scope, depth: int) -> list[str]:
        return self._any_of([(value, scope) for value in node.values], depth)

    def _named(self, node: ast.NamedExpr, scope: _Scope, depth: int) -> list[str]:
        return self._texts(node.value, scope, depth)

    def _returned(self, node: ast.Starred, scope: _Scope, depth: int) -> list[str]:
        """The first of several arguments that a function returns together."""
        return self._element(node.value, 0, scope, depth)

    def _variable(self, node: ast.Name, scope: _Scope, depth: int) -> list[str]:
        for function in scope.functions:
            inside = _Scope(scope.module, (*scope.around[: scope.around.index(function)], function))
            if assigned := list(_assigned(node.id, function)):
                return [text for value in assigned for text in self._value(*value, inside, depth)]
            if node.id in _parameters(function):
                return self._given(function, node.id, inside, depth)
        if assigned := list(_assigned(node.id, scope.module.tree)):
            return [text for value in assigned for text in self._value(*value, _Scope(scope.module), depth)]
        raise Untraceable(f"its text is in {node.id}")

    def _value(self, value: ast.expr, index: int | None, scope: _Scope, depth: int) -> list[str]:
        return self._texts(value, scope, depth) if index is None else self._element(value, index, scope, depth)

    def _element(self, node: ast.expr, index: int, scope: _Scope, depth: int) -> list[str]:
        """One element of a tuple, or of what a function returns."""
        if isinstance(node, ast.Tuple):
            return self._texts(node.elts[index], scope, depth)
        if not isinstance(node, ast.Call):
            raise Untraceable(f"its text is in {ast.unparse(node)}")
        returned = self._returns(node, scope)
        return [text for value, where in returned for text in self._element(value, index, where, depth + 1)]

    def _attribute(self, node: ast.Attribute, scope: _Scope, depth: int) -> list[str]:
        if node.attr == "message":
            return [PASSED_ON]
        if scope.cls is None or not isinstance(node.value, ast.Name) or node.value.id != "self":
            raise Untraceable(f"its text is in {ast.unparse(node)}")
        values = [
            (inner.value, where)
            for inner, where in scope.module.nodes
            if where.cls is scope.cls and isinstance(inner, ast.Assign) and _is_own(inner.targets[0], node.attr)
        ]
        if not values:
            raise Untraceable(f"its text is in {ast.unparse(node)}")
        return self._any_of(values, depth)

    def _call(self, node: ast.Call, scope: _Scope, depth: int) -> list[str]:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SAME_TEXT:
            return self._texts(node.func.value, scope, depth)
        return self._any_of(self._returns(node, scope), depth)

    def _returns(self, call: ast.Call, scope: _Scope) -> list[tuple[ast.expr, _Scope]]:
        """What the function that is called returns."""
        dotted, name = scope.module.imported.get(_name(call.func), (scope.module.dotted, _name(call.func)))
        found = [found for found in self._functions[name] if found[1].module.dotted.startswith(dotted)]
        returns = [value for function, where in found for value in _return_values(function, where)]
        if not returns:
            raise Untraceable(f"its text is returned by {ast.unparse(call.func)}")
        return returns

    def _given(self, function: ast.FunctionDef, parameter: str, scope: _Scope, depth: int) -> list[str]:
        """What all callers give for a parameter."""
        method = scope.cls is not None and isinstance(scope.around[-2], ast.ClassDef)
        called = scope.cls.name if method and scope.cls and function.name == "__init__" else function.name
        index = _parameters(function).index(parameter) - (1 if method else 0)
        arguments = [
            (argument, where)
            for call, where in self._calls[called]
            if where.module is scope.module or where.module.imports(scope.module.dotted)
            if isinstance(call.func, ast.Attribute) or not method or called != function.name
            if (argument := _argument(call, index, parameter)) is not None
        ]
        if not arguments:
            raise Untraceable(f"its text is the parameter {parameter} of {called}, for which no text is given")
        return self._any_of(arguments, depth)


_FOLLOW: dict[type[ast.expr], Callable[..., list[str]]] = {
    ast.Constant: Source._constant,
    ast.JoinedStr: Source._joined,
    ast.BinOp: Source._operation,
    ast.IfExp: Source._choice,
    ast.BoolOp: Source._first_that_is,
    ast.NamedExpr: Source._named,
    ast.Starred: Source._returned,
    ast.Name: Source._variable,
    ast.Attribute: Source._attribute,
    ast.Call: Source._call,
}


def bare(piece: str) -> str:
    """A piece without the punctuation and spaces around it."""
    return piece.strip(" .,:;()'\"\n")


def letters(text: str) -> int:
    """Number of letters in ``text``."""
    return sum(character.isalpha() for character in text)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _begins_with(node: ast.expr, text: str) -> bool:
    first = node.values[0] if isinstance(node, ast.JoinedStr) else node
    return isinstance(first, ast.Constant) and str(first.value).startswith(text)


def _is_super_call(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Call)
        and (_name(function.value.func), function.attr) == ("super", "__init__")
    )


def _is_own(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Attribute) and _name(node.value) == "self" and node.attr == name


def _bases(node: ast.ClassDef) -> list[str]:
    return [_name(base) for base in node.bases]


def _own_exit_code(node: ast.ClassDef) -> str | None:
    codes = [value for value, _ in _assigned("exit_code", node)]
    return str(ast.literal_eval(codes[0])) if codes else None


def _parameters(function: ast.FunctionDef) -> list[str]:
    arguments = function.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _defines(block: ast.ClassDef, name: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in block.body)


def _message(call: ast.Call) -> ast.expr:
    """The message of an error that is made.

    Raises:
        Untraceable: if it is made without.
    """
    text = _argument(call, 0, "message")
    if text is None:
        raise Untraceable("the error has no message")
    return text


def _argument(call: ast.Call, index: int, name: str) -> ast.expr | None:
    """The argument of a call; a starred one stands for all that follow."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if call.args and isinstance(call.args[0], ast.Starred):
        return call.args[0]
    return call.args[index] if index < len(call.args) else None


def _what_is_missing(check: ast.Call) -> ast.expr | None:
    """The words of ``doctor`` for what is not found; None where they are a program's own, or a line to run."""
    found, detail = _argument(check, 2, "found"), _argument(check, 3, "detail")
    if isinstance(detail, ast.IfExp):
        detail = detail.orelse
    if isinstance(detail, ast.BoolOp):
        detail = detail.values[-1]
    is_missing = not (isinstance(found, ast.Constant) and found.value is True)
    parts = detail.values if isinstance(detail, ast.JoinedStr) else [detail]
    is_own = any(isinstance(part, ast.Constant) and letters(str(part.value)) > 1 for part in parts)
    return detail if is_missing and is_own else None


def _return_values(function: ast.FunctionDef, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
    inside = _Scope(scope.module, (*scope.around, function))
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value, inside


def _assigned(name: str, around: ast.AST) -> Iterator[tuple[ast.expr, int | None]]:
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
