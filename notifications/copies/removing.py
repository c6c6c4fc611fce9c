"""Remove copies of sent emails: those older than SENT_EMAIL_DAYS, and those to one person."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet, Value

from evently.database.functions import Clock
from evently.transactions import signed_transaction
from notifications.sent_models import EmailAttempt, SentEmail

BATCH = 2_000


def due() -> int:
    """Return how many copies are old enough to be deleted."""
    return _old().count()


def delete_old() -> Iterator[int]:
    """Delete them in batches, the oldest first; yields how many."""
    while True:
        with signed_transaction():
            ids = list(_old().order_by("pk").values_list("pk", flat=True)[:BATCH])
            deleted = SentEmail.objects.filter(pk__in=ids)._raw_delete("default") if ids else 0
        if deleted:
            yield deleted
        if len(ids) < BATCH:
            return


def forget_copies(*, user_id: UUID) -> int:
    """Delete what emails to a person said, and what mail servers answered.

    In the transaction that erases the person. Returns how many rows.
    """
    copies = SentEmail.objects.filter(user_id=user_id)._raw_delete("default")
    return copies + EmailAttempt.objects.filter(user_id=user_id)._raw_delete("default")


def _old() -> QuerySet[SentEmail]:
    age = timedelta(days=settings.SENT_EMAIL_DAYS)
    return SentEmail.objects.filter(created_at__lt=Clock() - Value(age))
