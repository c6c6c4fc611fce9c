"""Reminders of draws: numbers that the organizer has to enter, and places not confirmed yet."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from evently.database.functions import Clock
from evently.transactions import run_in_transaction
from notifications.kinds import draws, places
from notifications.models import MessageKey
from notifications.operations.creating import notify
from waitlists.models import Draw, WaitlistEntry

# How long before a draw closes those are reminded who joined at least an hour earlier.
REMIND_BEFORE = timedelta(hours=2)
JOINED_BEFORE = timedelta(hours=3)


def events_to_remind() -> set[UUID]:
    """Return the ids of events of whose draws someone has to be reminded."""
    ids = {draw.event_id for draw in _numbers_due().only("event_id")}
    return ids | set(_unconfirmed().values_list("event_id", flat=True).distinct())


def remind_of_draw(*, event_id: UUID) -> None:
    """Notify each person once: the organizer, and those whose place has no lot yet."""

    def work() -> None:
        messages = [
            draws.numbers_due(draw.event, draw)
            for draw in _numbers_due().filter(event_id=event_id).select_related("event")
        ]
        entries = _unconfirmed().filter(event_id=event_id).select_related("event")
        messages += [places.place_to_confirm(entry, before_draw=True) for entry in entries]
        notify(messages=messages)

    run_in_transaction(work)


def _numbers_due() -> QuerySet[Draw]:
    key = Concat(Value("draw_numbers:"), Cast("pk", CharField()))
    due = Draw.objects.due_by_hand().filter(event__status="active")
    return cast(QuerySet[Draw], _not_told(due, key, user="event__created_by_id"))


def _unconfirmed() -> QuerySet[WaitlistEntry]:
    """Places without a lot, of draws that close soon."""
    entries = WaitlistEntry.objects.waiting().filter(
        confirmed_at__isnull=True,
        event__draw_closes_at__gt=Clock(),
        event__draw_closes_at__lte=Clock() + REMIND_BEFORE,
        joined_at__lte=F("event__draw_closes_at") - JOINED_BEFORE,
    )
    # As `places.place_to_confirm` makes it.
    key = Concat(Value("draw_confirm:"), Cast("ref", CharField()))
    return cast(QuerySet[WaitlistEntry], _not_told(entries, key, user="user_id"))


def _not_told(rows: Any, key: Concat, *, user: str) -> Any:
    """Leave out what its user has been sent. user: the name of the column with the user's id."""
    told = MessageKey.objects.filter(user_id=OuterRef(user), key=OuterRef("message_key"))
    return rows.annotate(message_key=key).filter(~Exists(told))
