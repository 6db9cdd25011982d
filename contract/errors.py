"""The one base class of every error that is a user's to mend."""

from __future__ import annotations


class CrowdLensError(Exception):
    """A mistake or an outage that one clear sentence explains.

    The text names the field, the value and what was expected; the command line prints it without a
    traceback and exits with a non-zero status.
    """


class DiskFullError(CrowdLensError):
    """Raised when a file could not be written because its disk has no room left."""
