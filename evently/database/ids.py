"""Ids: UUIDs of version 7, ordered by the time of their creation."""

from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """Return a new id, where one is needed before the row is inserted."""
    return _uuid7()
