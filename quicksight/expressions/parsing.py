"""Reads the text of an expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contract.errors import CrowdLensError
from quicksight.expressions.nodes import (
    FUNCTIONS,
    Call,
    ColumnName,
    Literal,
    Node,
    Operation,
    ParameterName,
)

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*')|\$\{(?P<parameter>[a-zA-Z0-9]+)\}"
    r"|\{(?P<column>[^{}]+)\}|(?P<name>[A-Za-z_]\w*)|(?P<sign><>|<=|>=|[-+*/=<>(),]))"
)
_LEVELS: Sequence[frozenset[str]] = (
    frozenset({"OR"}),
    frozenset({"AND"}),
    frozenset({"=", "<>", "<", "<=", ">", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
)
"""Operators from the loosest to the tightest; NOT is looser than a comparison."""
_COMPARING = 2
_WORDS = frozenset({"AND", "OR", "NOT", "NULL"})
_MAXIMUM_DEPTH = 50


class ExpressionError(CrowdLensError):
    """Raised when an expression cannot be read; names the expression and what was expected."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse(text: str) -> Node:
    """Return what `text` says; raises `ExpressionError` naming what was expected and where."""
    reader = _Reader(text)
    node = reader.level(0)
    if reader.next is not None:
        raise reader.error(f"the end instead of {reader.next.text!r}")
    return node


class _Reader:
    """A recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._position = 0
        self._depth = 0

    @property
    def next(self) -> _Token | None:
        """The token that is read next; None at the end."""
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def error(self, expected: str) -> ExpressionError:
        """Return an error that says what was expected."""
        return ExpressionError(f"expression {self._text!r}: expected {expected}")

    def level(self, index: int) -> Node:
        """Read operators of `_LEVELS` from `index`, left to right."""
        if index == len(_LEVELS):
            return self._signed()
        if index == _COMPARING and self._takes("NOT"):
            return Operation("NOT", None, self._nested(lambda: self.level(_COMPARING)))
        left = self.level(index + 1)
        while (operator := self._operator(_LEVELS[index])) is not None:
            left = Operation(operator, left, self.level(index + 1))
        return left

    def _split(self) -> list[_Token]:
        tokens, position = [], 0
        while self._text[position:].strip():
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self.error(f"a value or an operator at {self._text[position:].strip()[:20]!r}")
            kind = str(match.lastgroup)
            tokens.append(_Token(kind, match[kind]))
            position = match.end()
        return tokens

    def _operator(self, operators: frozenset[str]) -> str | None:
        token = self.next
        if token is None or token.kind not in ("sign", "name") or token.text.upper() not in operators:
            return None
        self._position += 1
        return token.text.upper()

    def _signed(self) -> Node:
        if self._takes("-"):
            return Operation("-", None, self._nested(self._signed))
        return self._primary()

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _MAXIMUM_DEPTH:
            raise self.error(f"at most {_MAXIMUM_DEPTH} levels")
        node = read()
        self._depth -= 1
        return node

    def _primary(self) -> Node:
        token = self.next
        if token is None:
            raise self.error("a value, not the end")
        self._position += 1
        if token.kind in ("number", "text"):
            return Literal(token.text)
        if token.kind == "column":
            return ColumnName(token.text)
        if token.kind == "parameter":
            return ParameterName(token.text)
        if token.text == "(":
            node = self._nested(lambda: self.level(0))
            self._expect(")")
            return node
        return self._named(token)

    def _named(self, token: _Token) -> Node:
        if token.text.upper() == "NULL":
            return Literal("NULL")
        if token.kind != "name" or token.text.upper() in _WORDS:
            raise self.error(f"a value instead of {token.text!r}")
        if token.text not in FUNCTIONS:
            raise self.error(f"one of the functions {', '.join(sorted(FUNCTIONS))} instead of {token.text!r}")
        return self._call(token.text)

    def _call(self, function: str) -> Node:
        self._expect("(")
        arguments: list[Node] = []
        while not self._takes(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._nested(lambda: self.level(0)))
        takes = FUNCTIONS[function]
        if not takes.least <= len(arguments) <= takes.most:
            counts = f"{takes.least}" if takes.least == takes.most else f"{takes.least} to {takes.most}"
            raise self.error(f"{function} of {counts} argument(s), not {len(arguments)}")
        return Call(function, tuple(arguments))

    def _takes(self, sign: str) -> bool:
        return self._operator(frozenset({sign})) is not None

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            found = "the end" if self.next is None else repr(self.next.text)
            raise self.error(f"{sign!r} instead of {found}")
