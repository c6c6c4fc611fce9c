"""Requests of a user's programs that are remembered for two days, in a data export."""

from typing import Any
from uuid import UUID

from evently.accounts.export import section
from evently.idempotency.models import IdempotencyKey

COLUMNS = ("key", "method", "path", "status", "created_at")


@section("idempotency_keys", of=IdempotencyKey, columns=COLUMNS)
def idempotency_keys(user_id: UUID) -> list[Any]:
    """Return the keys of a user's requests, without the answers, which repeat other sections."""
    keys = IdempotencyKey.objects.filter(user_id=user_id).order_by("created_at", "id")
    return list(keys.values(*COLUMNS))
