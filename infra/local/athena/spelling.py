"""Spellings that sqlglot and DuckDB take and Athena does not.

They vanish in the parsed tree, so they are looked for in the words of the text.
"""

from __future__ import annotations

from itertools import pairwise

from sqlglot.dialects.trino import Trino
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from infra.local.athena.errors import AthenaQueryError, Fault

_AFTER_TRAILING_COMMA = frozenset(
    {TokenType.FROM, TokenType.R_PAREN, TokenType.WHERE, TokenType.GROUP_BY, TokenType.ORDER_BY}
)
_REFUSED_TEXT = frozenset({"::", "==", "!=="})


def check_spelling(sql: str) -> None:
    """Raise `AthenaQueryError` with the line and column of a spelling that Athena refuses."""
    try:
        tokens = Trino().tokenize(sql)
    except TokenError as error:
        raise AthenaQueryError(Fault.SYNTAX, f"line 1:1: {error}") from error
    for token, following in pairwise([*tokens, Token(TokenType.SEMICOLON, ";")]):
        if token.text in _REFUSED_TEXT or sql[token.start : token.start + 1] == "`":
            raise _mismatched(token)
        if token.token_type is TokenType.INTERVAL and following.token_type is TokenType.NUMBER:
            raise _mismatched(following)
        if token.token_type is TokenType.COMMA and following.token_type in _AFTER_TRAILING_COMMA:
            raise _mismatched(following)
    _check_offset_order(tokens)


def _check_offset_order(tokens: list[Token]) -> None:
    depth = 0
    limit_depths: set[int] = set()
    for token in tokens:
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            limit_depths.discard(depth)
            depth -= 1
        elif token.token_type is TokenType.LIMIT:
            limit_depths.add(depth)
        elif token.token_type is TokenType.OFFSET and depth in limit_depths:
            raise _mismatched(token)


def _mismatched(token: Token) -> AthenaQueryError:
    where = f"line {token.line}:{max(token.col - len(token.text) + 1, 1)}"
    return AthenaQueryError(Fault.SYNTAX, f"{where}: mismatched input '{token.text}'")
