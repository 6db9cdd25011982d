"""RSA-PSS signatures (SHA-256, salt as long as the digest) of manifests, checked by awscrt.

awscrt comes to every device with the Greengrass SDK, so a check needs no program of the operating system
whose version nobody controls. It reads public keys in PKCS#1 alone; what `openssl pkey -pubout` writes
(SubjectPublicKeyInfo, RFC 5280) holds one, which is unwrapped here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from edge_components.model_store.errors import ModelStoreError

_SEQUENCE, _BIT_STRING = 0x30, 0x03
_PKCS1, _WRAPPED = "RSA PUBLIC KEY", "PUBLIC KEY"


class SigningKeyError(ModelStoreError):
    """Raised when the configured public key is none, or nothing here can check a signature."""


def is_signed(content: bytes, signature: bytes, public_key_pem: str) -> bool:
    """Return whether `signature` is that of `content` under the key; raises `SigningKeyError`."""
    try:
        from awscrt.crypto import RSA, RSASignatureAlgorithm
    except ImportError as error:
        raise SigningKeyError(
            "signatures cannot be checked: expected the package awscrt, one of the component's libraries"
        ) from error
    try:
        key = RSA.new_public_key_from_pem_data(pkcs1_pem(public_key_pem))
    except (ValueError, RuntimeError) as error:
        raise SigningKeyError(f"signingKey is no RSA public key ({error}): expected PEM") from error
    digest = hashlib.sha256(content).digest()
    try:
        return bool(key.verify(RSASignatureAlgorithm.PSS_SHA256, digest, signature))
    except (ValueError, RuntimeError):
        return False


def pkcs1_pem(pem: str) -> str:
    """Return a public key in PKCS#1 PEM, also from SubjectPublicKeyInfo; raises `SigningKeyError`."""
    body = _body(pem, _PKCS1)
    if body is None:
        wrapped = _body(pem, _WRAPPED)
        if wrapped is None:
            raise SigningKeyError(f"signingKey is {pem.strip()[:30]!r}…: expected a PEM public key of RSA")
        body = _unwrapped(wrapped)
    text = base64.b64encode(body).decode()
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN {_PKCS1}-----\n{lines}\n-----END {_PKCS1}-----\n"


def _body(pem: str, kind: str) -> bytes | None:
    _, begin, rest = pem.partition(f"-----BEGIN {kind}-----")
    text, end, _ = rest.partition(f"-----END {kind}-----")
    if not begin or not end:
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise SigningKeyError(f"signingKey is no PEM ({error}): expected base64 between its lines") from error


def _unwrapped(der: bytes) -> bytes:
    """Return the key in a SubjectPublicKeyInfo: SEQUENCE {algorithm, BIT STRING {key}}."""
    content = _element(der, _SEQUENCE)[0]
    _, rest = _element(content, _SEQUENCE)
    return _element(rest, _BIT_STRING)[0][1:]


def _element(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first element of `der`, which must have `tag`, and what follows it."""
    if len(der) < 2 or der[0] != tag:
        raise SigningKeyError("signingKey is no public key: expected a SubjectPublicKeyInfo of RSA")
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    return der[start : start + length], der[start + length :]
