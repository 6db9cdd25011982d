"""A file of SQL → its statements, without tripping over semicolons in text and comments."""

from __future__ import annotations

import re

from contract.errors import CrowdLensError

_TOKEN = re.compile(
    r"""
      (?P<comment> --(?=\s|\Z)[^\n]* | \#[^\n]* | /\*(?!!).*?\*/ )
    | (?P<quoted> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`]|``)*` )
    | (?P<end> ; )
    | (?P<open> ['"`] | /\* )
    | (?P<other> [^'"`;\#/-]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


class SqlFileError(CrowdLensError):
    """Raised when a file of SQL cannot be cut into statements."""


def split_statements(sql: str, name: str) -> list[str]:
    """Return the statements of `sql` in order, without comments, empty ones left out.

    Reads MySQL's three comment forms and three kinds of quotes. `name` is the file's, for errors. Raises
    `SqlFileError` for an open quote or comment and for a version comment, whose meaning differs by server.
    """
    statements = [""]
    for match in _TOKEN.finditer(sql):
        if match.lastgroup == "open":
            line = sql.count("\n", 0, match.start()) + 1
            raise SqlFileError(f"{name} line {line}: {match[0]} has no end or is a version comment")
        if match.lastgroup == "end":
            statements.append("")
        else:
            # A comment parts two words as a space does.
            statements[-1] += " " if match.lastgroup == "comment" else match[0]
    return [statement.strip() for statement in statements if statement.strip()]
