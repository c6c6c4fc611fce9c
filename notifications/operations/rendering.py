"""Note what could not be rendered, for the people who can correct it."""

from collections.abc import Iterable
from contextlib import nullcontext

from django.db import connection, transaction

from evently.database.functions import Clock
from notifications.emails.event_texts import TextsFailure
from notifications.emails.templates import TemplateFailure
from notifications.event_email_models import EventEmail
from notifications.models import EmailTemplate

# Noted by this process already: of thousands of emails, the first is enough.
_noted: set[object] = set()
MOST_NOTED = 1_000


def note_failures(failures: Iterable[TemplateFailure | TextsFailure]) -> None:
    """Note on what could not be rendered when that was so first, and why."""
    for failure in failures:
        if failure in _noted:
            continue
        # In a caller's transaction, a savepoint: what fails here must not undo what it did.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            _note(failure)
        if len(_noted) >= MOST_NOTED:
            _noted.clear()
        _noted.add(failure)


def _note(failure: TemplateFailure | TextsFailure) -> None:
    noted = {"failed_at": Clock(), "failure": failure.code}
    if isinstance(failure, TemplateFailure):
        rows = EmailTemplate.objects.filter(pk=failure.version_id, failed_at__isnull=True)
        rows.update(**noted)
        return
    texts = EventEmail.objects.filter(event_id=failure.event_id, pk__in=failure.row_ids)
    texts.filter(failed_at__isnull=True).update(**noted)
