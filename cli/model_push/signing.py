"""Signs a manifest as devices check it: RSA-PSS, SHA-256, the salt as long as the digest."""

from __future__ import annotations

from pathlib import Path

from contract.errors import CrowdLensError


class SigningKeyFileError(CrowdLensError):
    """Raised when the file with the private key cannot be used."""


def sign(content: bytes, key_file: Path) -> bytes:
    """Return the signature of `content` by the RSA key in `key_file` (PEM); raises `SigningKeyFileError`."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    expected = "expected an RSA private key in PEM without a pass phrase"
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningKeyFileError(f"signing key {key_file} cannot be read ({error}): {expected}") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SigningKeyFileError(f"signing key {key_file} is of another kind: {expected}")
    method = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    return key.sign(content, method, hashes.SHA256())
