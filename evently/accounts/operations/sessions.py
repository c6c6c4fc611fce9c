"""Sessions in the database, which outlive their users' visits and name them."""

from django.contrib.sessions.models import Session
from django.utils import timezone

ROWS_PER_STATEMENT = 1_000


def delete_expired_sessions() -> int:
    """Delete sessions that have expired, in batches; return how many."""
    total = 0
    while True:
        expired = Session.objects.filter(expire_date__lt=timezone.now()).values_list(
            "pk", flat=True
        )
        deleted, _ = Session.objects.filter(pk__in=list(expired[:ROWS_PER_STATEMENT])).delete()
        total += deleted
        if deleted < ROWS_PER_STATEMENT:
            return total
