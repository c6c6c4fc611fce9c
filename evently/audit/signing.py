"""Signatures of who acts, which a client of the application's role cannot make by plain SQL.

The key is derived from SECRET_KEY. Migrating stores it in the schema `secrets`, which only the
owner of the database reads; the audit triggers check signatures with it (`audit_signed`).
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

BLOCK_BYTES = 64
SEPARATOR = "\x1f"
PURPOSE = b"evently.audit.stamp"

# Whether the role may write there; the application's may not.
KEYS_TABLE = """
    SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'secrets' AND c.relname = 'audit_keys'
"""


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), PURPOSE, "sha256")


def sign(fields: Iterable[str], *, process: int, session: str | None = None) -> str:
    """Return a signature over the fields, for one connection, as `evently.signature` expects it.

    process: the process id of the connection's server. session: what the connection has as
    `evently.session`; that of this process by default. The fields contain no separator.
    """
    session = settings.DATABASE_SESSION if session is None else session
    # Not time.time(), which tests of rate limits move.
    issued = str(int(datetime.now(UTC).timestamp()))
    parts = (str(process), issued, *fields, *([session] if session else []))
    message = SEPARATOR.join(parts)
    return f"{issued}.{hmac.digest(_key(settings.SECRET_KEY), message.encode(), 'sha256').hex()}"


def install_keys(using: str, **kwargs: Any) -> None:
    """Store the keys of the current SECRET_KEY and its fallbacks, and remove all others."""
    connection = connections[using]
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    rows = [_row(_key(secret)) for secret in secrets]
    with connection.cursor() as cursor:
        cursor.execute(KEYS_TABLE)
        if cursor.fetchone() != (True,):
            return
        cursor.execute(
            "DELETE FROM secrets.audit_keys WHERE name <> ALL(%s)", [[name for name, _, _ in rows]]
        )
        cursor.executemany(
            "INSERT INTO secrets.audit_keys (name, inner_pad, outer_pad) VALUES (%s, %s, %s)"
            " ON CONFLICT (name) DO NOTHING",
            rows,
        )


def _row(key: bytes) -> tuple[str, bytes, bytes]:
    """Return a key's name, which does not reveal it, and its pads (RFC 2104)."""
    padded = key.ljust(BLOCK_BYTES, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
    return hashlib.sha256(key).hexdigest()[:16], inner, outer


def is_signed(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the database accepts the stamp of the current transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_signed()")
        return bool(cursor.fetchone()[0])
