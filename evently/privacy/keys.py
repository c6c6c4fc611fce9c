"""People's keys: made with the person, destroyed to erase them, wrapped anew on rotation."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from evently.privacy.models import PersonKey
from evently.privacy.sealing import new_key, unwrap, wrap

ROTATION_BATCH = 500


def create_key(*, user_id: UUID) -> PersonKey:
    """Insert a fresh key for a person, inside the caller's transaction."""
    wrapped, name = wrap(new_key(), user_id=user_id)
    return PersonKey.objects.create(user_id=user_id, wrapped_key=wrapped, wrapping_key_name=name)


def destroy_key(*, user_id: UUID) -> bool:
    """Delete a person's key for good: whatever was sealed under it can be opened no more.

    Returns whether there was one.
    """
    deleted, _ = PersonKey.objects.filter(user_id=user_id).delete()
    return deleted > 0


def rotate_keys(*, batch: int = ROTATION_BATCH) -> int:
    """Wrap every key by the current wrapping key; returns how many were wrapped anew.

    Works in batches, each a transaction of its own, and can be stopped and run again: what is
    left is whatever another key wrapped.
    """
    current = next(iter(settings.EVENTLY_PII_KEYS))
    total = 0
    while True:
        with transaction.atomic():
            stale = list(
                PersonKey.objects.exclude(wrapping_key_name=current)
                .select_for_update()
                .order_by("user_id")[:batch]
            )
            for row in stale:
                key = unwrap(row.wrapped_key, row.wrapping_key_name, user_id=row.user_id)
                row.wrapped_key, row.wrapping_key_name = wrap(key, user_id=row.user_id)
            PersonKey.objects.bulk_update(stale, ["wrapped_key", "wrapping_key_name"])
        total += len(stale)
        if len(stale) < batch:
            return total
