"""Read settings from the environment, with hints about what is missing."""

import base64
import binascii
import hashlib
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG: bool = env.bool("DEBUG", default=True)


def secret(name: str, *, development: str) -> str:
    """Return a secret, which has a default in development and must be set elsewhere."""
    value: str = env.str(name, default="")
    if value:
        return value
    if DEBUG:
        return development
    raise ImproperlyConfigured(
        f"{name} is not set. Set it in the environment or in .env to a long random value, "
        'for example the output of: python -c "import secrets; print(secrets.token_urlsafe(48))"'
    )


def pii_keys() -> dict[str, bytes]:
    """Return the keys that encrypt the keys of users: name to 32 bytes, the current one first.

    EVENTLY_PII_KEYS is `name:key,name:key`, each key 32 bytes in base64. New keys go first;
    old ones stay until `rotate_pii_keys` has re-wrapped everything.
    """
    text: str = env.str("EVENTLY_PII_KEYS", default="")
    if not text:
        development = hashlib.sha256(b"evently development only").digest()
        text = secret(
            "EVENTLY_PII_KEYS", development=f"dev:{base64.b64encode(development).decode()}"
        )
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        name, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"EVENTLY_PII_KEYS: {name!r} is not base64.") from error
        if not name or len(key) != 32:
            raise ImproperlyConfigured(
                "EVENTLY_PII_KEYS must look like name:key with 32 bytes of base64, for example: "
                "2026:$(openssl rand -base64 32)"
            )
        keys[name] = key
    return keys


def host_of(url: str) -> str:
    """Return the host name of a URL like https://tickets.example.org:8000."""
    return urlsplit(url).hostname or "localhost"
