"""Queries on waitlist entries and offers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from evently.database.functions import Among, Clock, Ids
from evently.database.prepared import PreparedQuery, execute_prepared
from events.models import Event, EventStatus
from waitlists.models import Draw, EntryStatus, Line, Promotion, PromotionStatus, WaitlistEntry

RECENT = timedelta(days=14)
ABOVE_ALL_POSITIONS = 2**31 - 1
SEATS_RETURNED = "SELECT evently_seats_returned(%s::uuid, evently_clock() - %s::interval)"

OWN_ENTRY = PreparedQuery(
    lambda user_id, entry_id: entries_of(user_id=user_id).filter(pk=entry_id),
    user_id=UUID,
    entry_id=UUID,
)
ENTRY_FOR_EVENT = PreparedQuery(
    lambda event_id, user_id: WaitlistEntry.objects.filter(event_id=event_id, user_id=user_id),
    event_id=UUID,
    user_id=UUID,
)
OWN_PROMOTION = PreparedQuery(
    lambda user_id, promotion_id: promotions_of(user_id=user_id).filter(pk=promotion_id),
    user_id=UUID,
    promotion_id=UUID,
)

OFFER_OF_EVENT = PreparedQuery(
    lambda event_id, promotion_id: Promotion.objects.filter(event_id=event_id, pk=promotion_id),
    event_id=UUID,
    promotion_id=UUID,
)


def entries_of(*, user_id: UUID) -> QuerySet[WaitlistEntry]:
    """Return a user's entries with their events, newest first."""
    return (
        WaitlistEntry.objects.filter(user_id=user_id)
        .select_related("event")
        .order_by("-joined_at", "-id")
    )


def own_entry(*, user_id: UUID, entry_id: UUID) -> WaitlistEntry | None:
    """Return one of a user's entries with its event, or None."""
    return OWN_ENTRY.first(user_id=user_id, entry_id=entry_id)


def entry_for_event(*, event_id: UUID, user_id: UUID) -> WaitlistEntry | None:
    """Return a user's entry for an event, ended or not, or None."""
    return ENTRY_FOR_EVENT.first(event_id=event_id, user_id=user_id)


def waitlist_of_event(*, event_id: UUID) -> QuerySet[WaitlistEntry]:
    """Return all entries of an event with their people: those that wait by position, then others.

    The annotation `rank` is the position; of other entries, a number above all positions.
    """
    entries = WaitlistEntry.objects.filter(event_id=event_id)
    rank = Coalesce("position", Value(ABOVE_ALL_POSITIONS), output_field=IntegerField())
    return (
        entries.annotate(rank=rank)
        .select_related("event", "user__person_key")
        .order_by("rank", "id")
    )


def promotions_of(*, user_id: UUID) -> QuerySet[Promotion]:
    """Return a user's offers with their events and entries, newest first."""
    return (
        Promotion.objects.filter(user_id=user_id)
        .select_related("event", "waitlist")
        .order_by("-promoted_at", "-id")
    )


def own_promotion(*, user_id: UUID, promotion_id: UUID) -> Promotion | None:
    """Return one of a user's offers with its event and entry, or None."""
    return OWN_PROMOTION.first(user_id=user_id, promotion_id=promotion_id)


def offer_of_event(*, event_id: UUID, promotion_id: UUID) -> Promotion | None:
    """Return an offer, ended or not, or None."""
    return OFFER_OF_EVENT.first(event_id=event_id, promotion_id=promotion_id)


OPEN_OFFERS = PreparedQuery(
    lambda user_id: (
        Promotion.objects.filter(
            user_id=user_id,
            status=PromotionStatus.PENDING,
            expires_at__gt=Clock(),
            event__status=EventStatus.ACTIVE,
        )
        .select_related("event", "waitlist")
        .order_by("expires_at", "id")
    ),
    user_id=UUID,
)


def open_offers_of(*, user_id: UUID) -> list[Promotion]:
    """Return a user's offers that can be claimed now, with events and entries, by their end."""
    return OPEN_OFFERS.rows(user_id=user_id)


def open_promotion_for(*, entry: WaitlistEntry) -> Promotion | None:
    """Return an entry's pending offer, which may have expired already."""
    return Promotion.objects.filter(
        event_id=entry.event_id, waitlist_id=entry.pk, status=PromotionStatus.PENDING
    ).first()


def waiting_count(*, event_id: UUID) -> int:
    """Return how many entries wait for an event, whoever asks."""
    ((waiting,),) = execute_prepared(connection, "SELECT evently_waiting(%s::uuid)", [event_id])
    return int(waiting)


def confirmed_count(*, event_id: UUID) -> int:
    """Return how many waiting entries can be offered seats, as the database counts them."""
    return confirmed_counts(event_id=event_id).first() or 0


def confirmed_counts(*, event_id: Any) -> QuerySet[Line, int | None]:
    """Return the count of `confirmed_count`, of an event or of an outer query's event."""
    return Line.objects.filter(event_id=event_id).values_list("waiting", flat=True)


def unconfirmed_of_verified(*, user_id: UUID | None = None) -> QuerySet[WaitlistEntry]:
    """Return waiting entries that are not confirmed though the address was proved after joining.

    user_id: of one user; by default of all.
    """
    entries = WaitlistEntry.objects.waiting().filter(
        confirmed_at__isnull=True, user__email_verified_at__gt=F("joined_at")
    )
    return entries if user_id is None else entries.filter(user_id=user_id)


def unconfirmed_entry_of(*, event: Event, user_id: UUID) -> WaitlistEntry | None:
    """Return a user's waiting entry for an event if its place is not confirmed yet."""
    entry = (
        WaitlistEntry.objects.waiting()
        .filter(event_id=event.pk, user_id=user_id, confirmed_at__isnull=True)
        .first()
    )
    if entry is not None:
        entry.event = event
    return entry


def seats_returned_lately(*, event_id: UUID) -> int:
    """Return how many seats of cancelled bookings an event got back lately (RECENT)."""
    ((seats,),) = execute_prepared(connection, SEATS_RETURNED, [event_id, RECENT])
    return int(seats)


def events_with_overdue_promotions() -> list[UUID]:
    """Return the ids of events with pending offers that have expired."""
    return list(
        Promotion.objects.filter(status=PromotionStatus.PENDING, expires_at__lte=Clock())
        .order_by("event_id")
        .values_list("event_id", flat=True)
        .distinct()
    )


def events_with_due_draws() -> list[UUID]:
    """Return the ids of events of whose draws a step is due."""
    return list(Draw.objects.due().order_by("event_id").values_list("event_id", flat=True))


def events_to_repair() -> list[UUID]:
    """Return the ids of events with waiting entries that fit the free seats or are overdue.

    Overdue: past the entry's own `expires_at`. Those that fit may stand behind one that reserves;
    when that ends, this finds them.
    """
    waiting = WaitlistEntry.objects.filter(event_id=OuterRef("pk"), status=EntryStatus.WAITING)
    fits = waiting.filter(confirmed_at__isnull=False, min_quantity__lte=OuterRef("available_seats"))
    overdue = waiting.filter(expires_at__lte=Clock())
    # Few of all events have entries that wait.
    waited_for = WaitlistEntry.objects.waiting().order_by().values("event_id").distinct()
    return list(
        Event.objects.filter(Among(F("pk"), Ids(waited_for)))
        .filter(status=EventStatus.ACTIVE, published_at__isnull=False)
        .filter(Exists(overdue) | Q(draw_closes_at__isnull=True) & Exists(fits))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
