"""Rows of attempts: which providers were tried for an email, and what they answered."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Value

from evently.database.functions import Clock
from evently.database.ids import uuid7
from notifications.models import Notification
from notifications.providers.answers import without_people
from notifications.providers.sending import Try
from notifications.sent_models import AttemptOutcome, EmailAttempt


def rows_of(
    tries: Sequence[Try], *, attempt_id: UUID, number: int, name: str, address: str
) -> list[dict[str, Any]]:
    """Return the rows of one attempt, ready for JSON; the last one has the attempt's id.

    name, address: of the recipient, which are cut out of answers.
    """
    now = time.monotonic()
    return [
        {
            "id": str(attempt_id if is_last else uuid7()),
            "number": number,
            "provider": each.provider,
            "outcome": str(outcome_of(each)),
            "error": str(each.failure) if each.failure is not None else "",
            "code": each.answer.code,
            "answer": without_people(each.answer.said, name=name, address=address),
            "ago": max(now - each.at, 0.0),
        }
        for is_last, each in ((each is tries[-1], each) for each in tries)
    ]


def outcome_of(tried: Try) -> AttemptOutcome:
    """Return what became of an email that was handed to a provider."""
    if tried.failure is None:
        return AttemptOutcome.ACCEPTED
    if tried.failure.maybe_sent:
        return AttemptOutcome.UNKNOWN
    if tried.is_refused:
        return AttemptOutcome.REFUSED
    return AttemptOutcome.UNREACHABLE if tried.is_down else AttemptOutcome.DEFERRED


def untried(outcome: AttemptOutcome, *, attempt_id: UUID, number: int, error: str) -> Any:
    """Return the row of an attempt that ended before any provider was tried."""
    return {"id": str(attempt_id), "number": number, "outcome": outcome, "error": error, "ago": 0}


def insert_rows(
    rows: Sequence[dict[str, Any]], *, notification: Notification, delivery_id: UUID
) -> None:
    """Insert rows of an attempt that did not succeed, in the caller's transaction."""
    EmailAttempt.objects.bulk_create(
        EmailAttempt(
            delivery_id=delivery_id,
            user_id=notification.user_id,
            event_id=notification.event_id,
            created_at=Clock() - Value(timedelta(seconds=row["ago"])),
            **{name: value for name, value in row.items() if name != "ago"},
        )
        for row in rows
    )
