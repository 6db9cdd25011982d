"""Why a model version is not the active one: refused for good, not now, or no longer wanted."""

from __future__ import annotations

import re

from contract.errors import WorkFailedError


class ModelStoreError(WorkFailedError):
    """Raised when the store could not do its work; the active model stays as it was."""


class ModelRefusedError(ModelStoreError):
    """Raised for a version that will not become better by trying again; it is remembered."""


class OutByOperatorError(ModelRefusedError):
    """Raised for a version that an operator took out of force; it stays out until one lets it in."""


class BuildsCutOffError(ModelRefusedError):
    """Raised when a version's builds or golden checks ended with the device, or its memory, several times."""


class MissingVersionError(ModelStoreError):
    """Raised for a version that nobody has pushed; it is not remembered, for it may be pushed yet."""


class NotNowError(ModelStoreError):
    """Raised for what may pass by itself: no network, no room, no memory, a clock in 1970."""


class CutOffError(NotNowError):
    """Raised for a golden check that ended without an answer, which says nothing against the model yet."""


class SupersededError(ModelStoreError):
    """Raised when another version is wanted before this one was ready, or the process shall stop."""


_MEMORY = re.compile(
    r"out[ _-]?of[ _-]?memory|MemoryError|bad_alloc|bad allocation|cannot allocate memory|unable to allocate"
    r"|failed to allocate|ALLOC_FAILED",
    re.IGNORECASE,
)


def tells_of_memory(text: str) -> bool:
    """Return whether a runtime's words are about memory that was not to be had, which may pass."""
    return _MEMORY.search(text) is not None
