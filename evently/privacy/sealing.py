"""Sealing: AES-256-GCM under a key per user, so that destroying the key erases personal data.

The associated data of a sealed value names its user and purpose, so it opens neither in another
user's row nor in another column.
"""

import base64
import binascii
import os
from typing import Any, Literal, get_args
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

from evently.errors import Unavailable
from evently.person_names import clean_name
from evently.privacy.addresses import clean_address

Purpose = Literal[
    "email",
    "name",
    "holder_name",
    "recipient",
    "totp_secret",
    "reset_reason",
    "kept_form",
    "cold",
]
NAMES = frozenset({"name", "holder_name"})

PREFIX = "sealed:v1:"
# Checked by the database too (CHECK constraints). Nonce and tag alone are 38 characters.
SEALED_PATTERN = r"^sealed:v1:[A-Za-z0-9_-]{38,}$"
KEY_BYTES = 32
NONCE_BYTES = 12

log = structlog.get_logger(__name__)


class WrappingKeyMissing(Unavailable):
    """A user's key was wrapped with a key that this process's EVENTLY_PII_KEYS does not contain.

    During a rotation another process knew the key earlier: the request succeeds once this one is
    restarted, too. key_name: of the missing key.
    """

    code = "key_missing"

    def __init__(self, key_name: str) -> None:
        super().__init__()
        self.key_name = key_name


class SealBroken(RuntimeError):
    """A sealed part of a file was tampered with, or is in another place than it was."""


class SealedField(models.TextField):
    """A column of sealed values; plain text is refused before it reaches the database."""

    description = "Text sealed under a user's key"

    def get_prep_value(self, value: Any) -> Any:
        """Raise ValueError for plain text."""
        if isinstance(value, str) and not value.startswith(PREFIX):
            raise ValueError(f"{self.name} takes sealed values only; use PersonKey.seal().")
        return super().get_prep_value(value)


def new_key() -> bytes:
    """Return a new random key for one user."""
    return os.urandom(KEY_BYTES)


def wrap(key: bytes, *, user_id: UUID) -> tuple[bytes, str]:
    """Return a user's key wrapped with the current wrapping key, and the wrapping key's name."""
    name = next(iter(settings.EVENTLY_PII_KEYS))
    nonce = os.urandom(NONCE_BYTES)
    wrapping = AESGCM(settings.EVENTLY_PII_KEYS[name])
    return nonce + wrapping.encrypt(nonce, key, f"{user_id}:key".encode()), name


def unwrap(wrapped: bytes | memoryview, wrapping_key_name: str, *, user_id: UUID) -> bytes:
    """Return a user's key.

    Raises WrappingKeyMissing (503); cryptography's InvalidTag if it was tampered with.
    """
    try:
        wrapping = AESGCM(settings.EVENTLY_PII_KEYS[wrapping_key_name])
    except KeyError as error:
        log.error("wrapping_key_missing", wrapping_key_name=wrapping_key_name)
        raise WrappingKeyMissing(wrapping_key_name) from error
    wrapped = bytes(wrapped)
    return wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], f"{user_id}:key".encode())


def seal_with(key: bytes, *, user_id: UUID, purpose: Purpose, text: str) -> str:
    """Return the sealed text; email addresses and names are validated and normalized first.

    Others are not: a recipient repeats the email address of an account, which may be older than a
    rule.
    Raises AddressInvalid, NameInvalid.
    """
    if purpose not in get_args(Purpose):
        raise ValueError(f"{purpose!r} is not a purpose of sealing.")
    if purpose == "email":
        text = clean_address(text)
    elif purpose in NAMES:
        text = clean_name(text)
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), _associated_data(user_id, purpose))
    return PREFIX + base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_with(key: bytes, *, user_id: UUID, purpose: Purpose, sealed: str) -> str | None:
    """Return the text, or None (and log an error) if it was tampered with or moved."""
    try:
        return open_quietly(key, user_id=user_id, purpose=purpose, sealed=sealed)
    except (InvalidTag, binascii.Error, ValueError):
        log.error("seal_broken", user_id=str(user_id), purpose=purpose)
        return None


def open_quietly(key: bytes, *, user_id: UUID, purpose: Purpose, sealed: str) -> str:
    """Return the text. Raises InvalidTag, ValueError where the key is not its own."""
    encoded = sealed.removeprefix(PREFIX)
    raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    nonce, ciphertext = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
    return AESGCM(key).decrypt(nonce, ciphertext, _associated_data(user_id, purpose)).decode()


def seal_part_with(key: bytes, *, user_id: UUID, of: str, data: bytes) -> bytes:
    """Return a part of a file, sealed. of: what it is a part of, and which."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, f"{user_id}:part:{of}".encode())


def open_part_with(key: bytes, *, user_id: UUID, of: str, sealed: bytes) -> bytes:
    """Return a part of a file. Raises SealBroken if it was tampered with or moved."""
    try:
        return AESGCM(key).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], f"{user_id}:part:{of}".encode()
        )
    except (InvalidTag, ValueError) as error:
        log.error("seal_broken", user_id=str(user_id), purpose="part")
        raise SealBroken from error


def _associated_data(user_id: UUID, purpose: Purpose) -> bytes:
    return f"{user_id}:{purpose}".encode()
