"""What goes wrong with a query, named as Athena names it."""

from __future__ import annotations

import enum

from contract.errors import CrowdLensError


class Fault(enum.Enum):
    """The error codes of Trino that the local endpoint gives."""

    SYNTAX = "SYNTAX_ERROR"
    TABLE_NOT_FOUND = "TABLE_NOT_FOUND"
    COLUMN_NOT_FOUND = "COLUMN_NOT_FOUND"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    DIVISION_BY_ZERO = "DIVISION_BY_ZERO"
    BAD_DATA = "HIVE_BAD_DATA"
    UNREACHABLE = "HIVE_FILESYSTEM_ERROR"
    CANCELLED = "USER_CANCELED"
    GENERIC = "GENERIC_USER_ERROR"


class AthenaQueryError(CrowdLensError):
    """Raised when a query cannot be answered; the text begins with the code, as Athena's reason does."""

    def __init__(self, fault: Fault, sentence: str) -> None:
        super().__init__(f"{fault.value}: {sentence}")
        self.fault = fault
        self.sentence = sentence


def not_supported(what: str) -> AthenaQueryError:
    """Return the refusal of something whose meaning here is not proved to be Athena's."""
    return AthenaQueryError(
        Fault.NOT_SUPPORTED,
        f"{what} is not supported by the local Athena, which takes only what means the same there",
    )
