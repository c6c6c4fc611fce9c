"""Read settings from the environment; `evently.variables` says which there are."""

import base64
import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import environ

from evently import variable_checks, variables

BASE_DIR = Path(__file__).resolve().parent.parent
DOTENV = BASE_DIR / ".env"

env = environ.Env()


def read(path: Path = DOTENV) -> None:
    """Add the variables of .env to the environment, which takes precedence."""
    environ.Env.read_env(path)
    # Set to nothing means not set, as `VARIABLE=` in a compose file.
    for name in variables.NAMES:
        if not os.environ.get(name, "-").strip():
            del os.environ[name]


read()


def is_true(text: str | None, *, default: bool) -> bool:
    """Return what a boolean variable says; what is neither true nor false is false."""
    return default if text is None else text.strip().lower() in variable_checks.TRUE


DEBUG: bool = is_true(os.environ.get("DEBUG"), default=True)


def secret(name: str, *, development: str) -> str:
    """Return a secret, which has a default in development; configuration.insist() demands it."""
    value: str = env.str(name, default="")
    return value or (development if DEBUG else "")


def pii_keys() -> dict[str, bytes]:
    """Return the keys that encrypt the keys of users: name to 32 bytes, the current one first.

    New keys are added after the current one first, and move to the front once all processes know
    them (docs/settings.md, "Changing keys").
    """
    text: str = env.str("EVENTLY_PII_KEYS", default="")
    if not text and DEBUG:
        development = hashlib.sha256(b"evently development only").digest()
        text = f"dev:{base64.b64encode(development).decode()}"
    return variable_checks.parse_pii_keys(text)


def receipt_keys() -> dict[str, bytes]:
    """Return the keys given for receipts of erasures: name to 32 bytes; the first one signs."""
    return variable_checks.parse_pii_keys(env.str("RECEIPT_KEYS", default=""))


def fingerprint(name: str, key: bytes) -> str:
    """Return six characters by which processes recognize one of EVENTLY_PII_KEYS."""
    return hashlib.sha256(b"evently fingerprint:" + name.encode() + b":" + key).hexdigest()[:6]


def application_name() -> str:
    """Return the name of our database connections, which says which PII keys a process knows.

    `rotate_pii_keys` reads it from pg_stat_activity. PostgreSQL keeps 63 characters.
    """
    known = [fingerprint(name, key) for name, key in pii_keys().items()]
    return " ".join(["evently", *known])[:63].rstrip()


def host_of(url: str) -> str:
    """Return the host name of a URL like https://tickets.example.org:8000."""
    return urlsplit(url).hostname or "localhost"
