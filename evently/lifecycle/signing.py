"""Signatures of files in cold storage (Ed25519), which are checked years later.

The key is derived from EVENTLY_DIGEST_KEY, since that is kept as long as the data; after a change,
EVENTLY_DIGEST_KEY_FALLBACKS still verify. A manifest beside each file says what was signed and with
which public key, so that a file can be checked without Evently (docs/lifecycle.md).
"""

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"evently.lifecycle.cold"
FORMAT = "evently-cold-1"


def manifest(*, table: str, month: str, rows: int, sha256: str) -> bytes:
    """Return the bytes that are signed. month: as in 2026-11."""
    facts = {"format": FORMAT, "table": table, "month": month, "rows": rows, "sha256": sha256}
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


def sign(signed: bytes) -> str:
    """Return a signature under the current key, as base64."""
    return base64.b64encode(_private(settings.EVENTLY_DIGEST_KEY).sign(signed)).decode()


def public_keys() -> list[str]:
    """Return the public keys that verify, as base64, the current one first."""
    secrets = [settings.EVENTLY_DIGEST_KEY, *settings.EVENTLY_DIGEST_KEY_FALLBACKS]
    return [_encoded(_private(secret).public_key()) for secret in secrets]


def is_genuine(signed: bytes, signature: str) -> bool:
    """Return whether this installation made the signature."""
    try:
        given = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    for key in public_keys():
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(given, signed)
        except InvalidSignature:
            continue
        return True
    return False


def described(signed: bytes, signature: str) -> dict[str, Any]:
    """Return what the manifest beside a file says."""
    facts: dict[str, Any] = json.loads(signed)
    return {**facts, "public_key": public_keys()[0], "signature": signature}


def _private(secret: str) -> Ed25519PrivateKey:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(derived)


def _encoded(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes_raw()).decode()
