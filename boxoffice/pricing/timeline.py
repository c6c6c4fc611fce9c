"""The sales of an event as they happened, read for a replay: a few queries, however many bookings.

Seats that were booked, or came back, within one short slice of the time on sale at one price count
as one sale.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    F,
    Func,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from bookings.models import Booking
from boxoffice.pricing.replay import MOMENTS, Sale, Span, Timeline
from events.models import Event, EventStatus, PriceChange
from events.pricing.plan import SalesPlan, plan_of_sales
from waitlists.models import ArchivedEntry, EntryStatus, Promotion, WaitlistEntry

# Earlier events to choose from.
MOST_EVENTS = 25
SLICES_PER_MOMENT = 10
SHORTEST_SLICE = timedelta(seconds=1)


def timeline_of(event: Event, *, at: datetime) -> Timeline | None:
    """Return what happened at an event until a time; None if it was not on sale before.

    Waits are known as far as their entries tell: of an entry that joined again, the last one.
    """
    opened, closes = event.sales_open_at, event.sales_close_at
    if opened is None or opened >= min(at, closes):
        return None
    until = min(at, closes)
    length = max((until - opened) / (MOMENTS * SLICES_PER_MOMENT), SHORTEST_SLICE)
    current, archived = _waits(event.pk), _archived_waits(event.pk)
    return Timeline(
        sales_open_at=opened,
        sales_close_at=closes,
        until=until,
        capacity=event.total_capacity,
        sales=_sales(event.pk, opened, length, until=until),
        held=[*_held(event.pk), *(span for _, spans in archived for span in spans)],
        waiting=[*current, *(span for span, _ in archived)],
        prices=_prices(event, opened),
    )


def earlier_events(event: Event, *, user: Any, at: datetime) -> QuerySet[Event]:
    """Return the events that a rule can be replayed over, the latest first; `MOST_EVENTS` at most.

    Of the same organizer and in the same currency, with a price and seats sold until sales ended;
    only those that the user manages.
    """
    return (
        Event.objects.managed_by(user)
        .filter(
            Q(sales_end_at__lte=at) | Q(event_date__lte=at),
            created_by_id=event.created_by_id,
            currency=event.currency,
            published_at__isnull=False,
            base_price__gt=0,
            available_seats__lt=F("total_capacity"),
        )
        .exclude(pk=event.pk)
        .exclude(status=EventStatus.CANCELLED)
        .order_by("-event_date", "-id")[:MOST_EVENTS]
    )


def plan_of(timeline: Timeline) -> tuple[SalesPlan, int] | None:
    """Return the plan that the seats of an event were sold by, and how many; None without any.

    Seats that came back are left out, as they had to be sold again.
    """
    length = _microseconds(timeline.sales_close_at - timeline.sales_open_at)
    times: list[Fraction] = []
    for sale in timeline.sales:
        if sale.until is None:
            passed = _microseconds(sale.since - timeline.sales_open_at)
            times += [Fraction(passed, max(length, 1))] * sale.seats
    plan = plan_of_sales(times)
    return None if plan is None else (plan, len(times))


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


class _Slice(Func):
    """The beginning of the slice of time that a time is in."""

    function = "date_bin"
    output_field = DateTimeField()

    def __init__(self, column: Any, *, origin: datetime, length: timedelta) -> None:
        super().__init__(
            Value(length, output_field=DurationField()),
            column,
            Value(origin, output_field=DateTimeField()),
        )


def _sales(event_id: UUID, opened: datetime, length: timedelta, *, until: datetime) -> list[Sale]:
    rows = (
        Booking.objects.with_archived()
        .filter(event_id=event_id, created_at__lte=until)
        .annotate(
            since=_Slice(F("created_at"), origin=opened, length=length),
            until=_Slice(F("cancelled_at"), origin=opened, length=length),
        )
        .order_by()
        .values_list("since", "until", "unit_price")
        .annotate(seats=Sum("quantity"))
    )
    return [Sale(since, ended, seats, price) for since, ended, price, seats in rows]


def _held(event_id: UUID) -> list[Span]:
    offers = Promotion.objects.filter(event_id=event_id)
    return [Span(*row) for row in offers.values_list("promoted_at", "ended_at", "quantity")]


def _waits(event_id: UUID) -> list[Span]:
    """Return for how long entries waited: until their first offer, or until they were closed.

    Without those that were never confirmed, which move no price.
    """
    rows = (
        WaitlistEntry.objects.filter(event_id=event_id, confirmed_at__isnull=False)
        .annotate(
            offered_at=Min(
                "promotions__promoted_at", filter=Q(promotions__promoted_at__gte=F("joined_at"))
            ),
            # One that waits may have taken a part of what it was offered.
            ended_at=Case(
                When(~Q(status=EntryStatus.WAITING), then=Coalesce("offered_at", "updated_at"))
            ),
        )
        .order_by()
        .values_list("joined_at", "ended_at", "quantity")
    )
    return [Span(*row) for row in rows]


def _archived_waits(event_id: UUID) -> list[tuple[Span, list[Span]]]:
    """Return the waits of archived entries, each with the spans in which its offers held seats."""
    rows = ArchivedEntry.objects.filter(event_id=event_id).values_list(
        "joined_at", "ended_at", "quantity", "offers"
    )
    return [_archived(*row) for row in rows]


def _archived(
    joined: datetime, ended: datetime, quantity: int, offers: list[dict[str, Any]]
) -> tuple[Span, list[Span]]:
    held = list(_offers(offers))
    first = min((offer.since for offer in held if offer.since >= joined), default=ended)
    return Span(joined, first, quantity), held


def _offers(offers: list[dict[str, Any]]) -> Iterator[Span]:
    for offer in offers:
        ended = offer.get("ended_at") or offer["expires_at"]
        yield Span(
            datetime.fromisoformat(offer["promoted_at"]),
            datetime.fromisoformat(ended),
            offer["quantity"],
        )


def _prices(event: Event, opened: datetime) -> list[tuple[datetime, Any]]:
    changes = list(
        PriceChange.objects.filter(event_id=event.pk)
        .order_by("applied_at", "id")
        .values_list("applied_at", "old_price", "new_price")
    )
    first = changes[0][1] if changes else event.current_price
    return [(min(opened, changes[0][0]) if changes else opened, first)] + [
        (at, new) for at, _, new in changes
    ]
