"""The base classes of every error that one sentence explains."""

from __future__ import annotations


class CrowdLensError(Exception):
    """A mistake or an outage that one clear sentence explains.

    The text names the field, the value and what was expected; the command line prints it without a
    traceback and exits with `exit_status`: 2, the input or the call was wrong.
    """

    exit_status = 2


class WorkFailedError(CrowdLensError):
    """Raised when the input was right and the work could not be done; exit status 1."""

    exit_status = 1


class DiskFullError(WorkFailedError):
    """Raised when a file could not be written because its disk has no room left."""
