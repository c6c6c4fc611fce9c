"""What is public of a waitlist's record while the waitlist is open: its head, counts and rules."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from events.models import Event
from waitlists.models import (
    Line,
    LineEvent,
    Promotion,
    RecordKind,
    WaitlistEntry,
)
from waitlists.queries import confirmed_count, waiting_count
from waitlists.record.document import own_records
from waitlists.record.heads import Head, empty_head, head_of

# Overrides with this reason were not an organizer's: the waitlist is older than its record.
CARRIED_OVER = "carried over"


@dataclass(frozen=True)
class Counts:
    """A waitlist in numbers. The first three are of now, the others since its first record."""

    waiting: int
    confirmed: int
    offers_open: int
    joined: int
    offered: int
    used: int
    declined: int
    lapsed: int
    left: int
    overrides: int


@dataclass(frozen=True)
class Rules:
    """The rules in force. max_passes: 0 keeps the strict order, None passes without a limit."""

    max_passes: int | None
    place_limit: int
    closes_at: datetime


@dataclass(frozen=True)
class RecordSummary:
    event_id: UUID
    head: Head
    counts: Counts
    rules: Rules
    own: list[dict[str, Any]]


def summary_of(event: Event, *, user_id: UUID | None) -> RecordSummary:
    """Return what is public of an event's record; user_id: whose own records to add."""
    own = refs_of(event_id=event.pk, user_id=user_id) if user_id else set()
    return RecordSummary(
        event_id=event.pk,
        head=head_of(event.pk) or empty_head(event.pk),
        counts=counts_of(event.pk),
        rules=Rules(event.max_passes, event.place_limit, event.line_closes_at),
        own=own_records(event_id=event.pk, refs=own) if own else [],
    )


def counts_of(event_id: UUID) -> Counts:
    records = LineEvent.objects.filter(event_id=event_id)
    rows = records.order_by().values("kind").annotate(number=Count("pk"))
    by_kind: dict[str, int] = dict(rows.values_list("kind", "number"))
    overrides = records.filter(kind=RecordKind.OVERRIDE).exclude(reason=CARRIED_OVER)
    open_offers = Line.objects.filter(event_id=event_id).values_list("open_offers", flat=True)
    return Counts(
        waiting=waiting_count(event_id=event_id),
        confirmed=confirmed_count(event_id=event_id),
        offers_open=open_offers.first() or 0,
        joined=by_kind.get(RecordKind.JOINED, 0),
        offered=by_kind.get(RecordKind.OFFERED, 0),
        used=by_kind.get(RecordKind.USED, 0),
        declined=by_kind.get(RecordKind.DECLINED, 0),
        lapsed=by_kind.get(RecordKind.LAPSED, 0),
        left=by_kind.get(RecordKind.LEFT, 0),
        overrides=overrides.count(),
    )


def refs_of(*, event_id: UUID, user_id: UUID) -> Collection[str]:
    """Return the pseudonyms of a user in an event's record: of the entry, and of all offers.

    Those of earlier joinings without an offer are not kept.
    """
    entries = WaitlistEntry.objects.filter(event_id=event_id, user_id=user_id)
    offers = Promotion.objects.filter(event_id=event_id, user_id=user_id)
    refs = {*entries.values_list("ref", flat=True), *offers.values_list("ref", flat=True)}
    return {ref for ref in refs if ref}
