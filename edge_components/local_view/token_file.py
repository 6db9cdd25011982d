"""The secret that lets others look: read from a file that not everybody on the machine can read."""

from __future__ import annotations

from pathlib import Path

from contract.errors import CrowdLensError

MINIMUM_CHARACTERS = 16
_MAXIMUM_CHARACTERS = 256


class TokenFileError(CrowdLensError):
    """Raised when there is no usable token for an address that others can reach."""


def read_token(path: Path, address: str) -> str:
    """Return the token in `path`, which serving on `address` needs; raises `TokenFileError`.

    The text of the error never holds what is in the file.
    """
    advice = f"expected {MINIMUM_CHARACTERS} or more letters and digits, as `openssl rand -hex 24` makes them"
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise TokenFileError(
            f"address {address} can be reached by others, and token file {path} is not there: {advice}"
        ) from error
    except (OSError, ValueError) as error:
        raise TokenFileError(f"token file {path} cannot be read: {advice}") from error
    if mode & 0o007:
        raise TokenFileError(f"token file {path} is open to everybody: expected mode 0600 or 0640")
    if not MINIMUM_CHARACTERS <= len(token) <= _MAXIMUM_CHARACTERS or not token.isalnum():
        raise TokenFileError(f"token file {path} holds {len(token)} characters: {advice}")
    return token
