"""What text an expression can be, told without running it.

It is followed through conditional expressions, variables, parameters (to the calls that give them), functions and
methods that return text, and attributes.
"""

import ast
import re
from collections.abc import Callable, Iterable

from tests.messages.message import PASSED_ON, VALUE, letters
from tests.messages.package import Package, Scope
from tests.messages.syntax import argument, assigned, is_own, parameters

#: With fewer literal letters than this a text says nothing by itself: the values in it are followed, too.
TELLING = 10

#: Longer chains than this are taken for endless ones.
_DEEPEST = 12

#: What ``format`` and ``%`` put values in.
_FIELD = re.compile(r"\{\w*\}")
_PERCENT_FIELD = re.compile(r"%[-+#0]*[\d.]*[a-zA-Z]")

_SAME_TEXT = ("format_map", "format", "strip", "rstrip", "lstrip", "replace")


class Untraceable(Exception):
    """The text of an expression cannot be told from the source."""


class PartlyTraceable(Untraceable):
    """Some of the texts of an expression can be told: it is text, and the rest must not be passed over."""


class Tracer:
    """Follows expressions through a package."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def texts(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[str]:
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

    def _any_of(self, nodes: Iterable[tuple[ast.expr, Scope]], depth: int) -> list[str]:
        texts: list[str] = []
        failure: Untraceable | None = None
        for node, scope in nodes:
            try:
                texts += self.texts(node, scope, depth)
            except Untraceable as error:
                failure = error
        if failure is not None:
            raise PartlyTraceable(str(failure)) if texts else failure
        return texts

    # Literal text, and what is put together of it.

    def _constant(self, node: ast.Constant, scope: Scope, depth: int) -> list[str]:
        if node.value is None:
            return []
        if not isinstance(node.value, str):
            raise Untraceable(f"its text is {node.value!r}")
        return [_FIELD.sub(VALUE, node.value)]

    def _joined(self, node: ast.JoinedStr, scope: Scope, depth: int) -> list[str]:
        plain = "".join(part.value if isinstance(part, ast.Constant) else VALUE for part in node.values)
        if letters(plain) >= TELLING:
            return [plain]
        texts = [""]
        for part in node.values:
            texts = [text + more for text in texts for more in self._part(part, scope, depth)]
        if not any(letters(text) for text in texts):
            raise Untraceable(f"nothing in {ast.unparse(node)} is fixed")
        return texts

    def _part(self, part: ast.expr, scope: Scope, depth: int) -> list[str]:
        if isinstance(part, ast.Constant):
            return [part.value]
        assert isinstance(part, ast.FormattedValue)
        try:
            return self.texts(part.value, scope, depth)
        except PartlyTraceable:
            raise
        except Untraceable:
            return [VALUE]

    def _operation(self, node: ast.BinOp, scope: Scope, depth: int) -> list[str]:
        left = self.texts(node.left, scope, depth)
        if isinstance(node.op, ast.Mod):
            return [_PERCENT_FIELD.sub(VALUE, text) for text in left]
        return [text + more for text in left for more in self.texts(node.right, scope, depth)]

    def _choice(self, node: ast.IfExp, scope: Scope, depth: int) -> list[str]:
        return self._any_of([(node.body, scope), (node.orelse, scope)], depth)

    # Names.

    def _variable(self, node: ast.Name, scope: Scope, depth: int) -> list[str]:
        for function in scope.functions:
            inside = scope.up_to(function)
            if values := list(assigned(node.id, function)):
                return [text for value in values for text in self._value(*value, inside, depth)]
            if node.id in parameters(function):
                return self._given(function, node.id, inside, depth)
        if values := list(assigned(node.id, scope.module.tree)):
            return [text for value in values for text in self._value(*value, Scope(scope.module), depth)]
        raise Untraceable(f"its text is in {node.id}")

    def _value(self, value: ast.expr, index: int | None, scope: Scope, depth: int) -> list[str]:
        return self.texts(value, scope, depth) if index is None else self._element(value, index, scope, depth)

    def _given(self, function: ast.FunctionDef, parameter: str, scope: Scope, depth: int) -> list[str]:
        """What all callers give for a parameter."""
        method = scope.cls is not None and isinstance(scope.around[-2], ast.ClassDef)
        called = scope.cls.name if method and scope.cls and function.name == "__init__" else function.name
        index = parameters(function).index(parameter) - (1 if method else 0)
        given = [
            (value, where)
            for call, where in self._package.calls(called, scope.module)
            if isinstance(call.func, ast.Attribute) or not method or called != function.name
            if (value := argument(call, index, parameter)) is not None
        ]
        if not given:
            raise Untraceable(f"its text is the parameter {parameter} of {called}, for which no text is given")
        return self._any_of(given, depth)

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> list[str]:
        if node.attr == "message":
            return [PASSED_ON]
        if scope.cls is None or not isinstance(node.value, ast.Name) or node.value.id != "self":
            raise Untraceable(f"its text is in {ast.unparse(node)}")
        values = [
            (inner.value, where)
            for inner, where in scope.module.nodes
            if where.cls is scope.cls and isinstance(inner, ast.Assign) and is_own(inner.targets[0], node.attr)
        ]
        if not values:
            raise Untraceable(f"its text is in {ast.unparse(node)}")
        return self._any_of(values, depth)

    # What functions return.

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> list[str]:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SAME_TEXT:
            return self.texts(node.func.value, scope, depth)
        return self._any_of(self._returned(node, scope), depth)

    def _first_of_several(self, node: ast.Starred, scope: Scope, depth: int) -> list[str]:
        """The first of several arguments that a function returns together."""
        return self._element(node.value, 0, scope, depth)

    def _element(self, node: ast.expr, index: int, scope: Scope, depth: int) -> list[str]:
        """One element of a tuple, or of what a function returns."""
        if isinstance(node, ast.Tuple):
            return self.texts(node.elts[index], scope, depth)
        if not isinstance(node, ast.Call):
            raise Untraceable(f"its text is in {ast.unparse(node)}")
        returned = self._returned(node, scope)
        return [text for value, where in returned for text in self._element(value, index, where, depth + 1)]

    def _returned(self, call: ast.Call, scope: Scope) -> list[tuple[ast.expr, Scope]]:
        returned = self._package.returned(call, scope)
        if not returned:
            raise Untraceable(f"its text is returned by {ast.unparse(call.func)}")
        return returned


_FOLLOW: dict[type[ast.expr], Callable[..., list[str]]] = {
    ast.Constant: Tracer._constant,
    ast.JoinedStr: Tracer._joined,
    ast.BinOp: Tracer._operation,
    ast.IfExp: Tracer._choice,
    ast.Name: Tracer._variable,
    ast.Attribute: Tracer._attribute,
    ast.Call: Tracer._call,
    ast.Starred: Tracer._first_of_several,
}
