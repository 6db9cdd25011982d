"""What goes wrong with a definition."""

from __future__ import annotations

from contract.errors import CrowdLensError


class DefinitionError(CrowdLensError):
    """Raised when a definition holds something that the preview cannot draw; names the place."""
