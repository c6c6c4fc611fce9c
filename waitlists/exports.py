"""Waitlist entries and offers in a user's data export."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from bookings.archived_exports import name_events
from evently.accounts.export import Rows, cold_rows, section
from waitlists.archive_models import ArchivedEntry
from waitlists.models import Promotion, WaitlistEntry

ENTRY_COLUMNS = (
    "id",
    "event_id",
    "event__name",
    "status",
    "position",
    "quantity",
    "min_quantity",
    "auto_accept",
    "unit_price",
    "priority_score",
    "priority_reason",
    "passed_over",
    "notify_prefs",
    "timezone",
    "joined_at",
    "confirmed_at",
    "ranked_at",
    "expires_at",
)
OFFER_COLUMNS = (
    "id",
    "event_id",
    "waitlist_id",
    "status",
    "quantity",
    "accepted_quantity",
    "unit_price",
    "promoted_at",
    "expires_at",
    "first_expires_at",
    "moved_reason",
    "message_lost_at",
    "ended_at",
    "is_unreached",
    "booking_id",
    "organizer_reason",
)
ARCHIVED_COLUMNS = (
    "id",
    "event_id",
    "event__name",
    "status",
    "quantity",
    "joined_at",
    "ended_at",
    "record",
    "offers",
)


@section("waitlist_entries", of=WaitlistEntry, columns=ENTRY_COLUMNS)
def waitlist_entries(user_id: UUID) -> list[Any]:
    """Return all waitlist entries of a user, ended ones included."""
    entries = WaitlistEntry.objects.filter(user_id=user_id).order_by("id")
    return list(entries.values(*ENTRY_COLUMNS))


@section("promotions", of=Promotion, columns=OFFER_COLUMNS)
def promotions(user_id: UUID) -> list[Any]:
    offers = Promotion.objects.filter(user_id=user_id).order_by("id")
    return list(offers.values(*OFFER_COLUMNS))


@section("archived_waitlist_entries", of=ArchivedEntry, columns=ARCHIVED_COLUMNS)
def archived_waitlist_entries(user_id: UUID) -> list[Any]:
    """Return a user's entries for events that ended long ago, with the offers to each."""
    entries = ArchivedEntry.objects.filter(user_id=user_id).order_by("id")
    return list(entries.values(*ARCHIVED_COLUMNS))


@cold_rows("waitlists_archive")
def cold(user_id: UUID, rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Return a user's entries in cold storage, with the offers to each."""
    own = [
        {column: row.get(column) for column in ARCHIVED_COLUMNS}
        for row in rows
        if row["user_id"] == str(user_id)
    ]
    name_events(own)
    return {"archived_waitlist_entries": own}
