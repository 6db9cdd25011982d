"""Signs a manifest as devices check it: RSA-PSS, SHA-256, the salt as long as the digest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import PSS
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class SigningKeyFileError(CrowdLensError):
    """Raised when the file with the private key cannot be used."""


@dataclass(frozen=True)
class PrivateKey:
    """An RSA key that manifests are signed with."""

    key: RSAPrivateKey

    @classmethod
    def read(cls, key_file: Path) -> PrivateKey:
        """Return the key in a file (PEM); raises `SigningKeyFileError`."""
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        expected = "expected an RSA private key in PEM without a pass phrase"
        try:
            key = load_pem_private_key(key_file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise SigningKeyFileError(
                f"signing key {key_file} cannot be read ({error}): {expected}"
            ) from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SigningKeyFileError(f"signing key {key_file} is of another kind: {expected}")
        return cls(key)

    def sign(self, content: bytes) -> bytes:
        """Return a signature of `content`; no two are alike."""
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.key.sign(content, _method(), SHA256())

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Return whether `signature` is one of `content` by this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.key.public_key().verify(signature, content, _method(), SHA256())
        except InvalidSignature:
            return False
        return True


def sign(content: bytes, key_file: Path) -> bytes:
    """Return the signature of `content` by the RSA key in `key_file` (PEM); raises `SigningKeyFileError`."""
    return PrivateKey.read(key_file).sign(content)


def _method() -> PSS:
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    return padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
