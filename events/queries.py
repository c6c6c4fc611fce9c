"""Queries of events: the public list, price changes."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from evently.cursors import Page, PagedList, first_page, page_of
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.prepared import PreparedQuery
from events.contact import PUBLIC_ORGANIZER
from events.local_days import Days, on_days, on_days_from_today
from events.models import Event, PriceBounds, PriceChange
from events.moving_price import NEXT_RISE
from events.price_range import public_priced

SATURDAY = 5
BY_DATE = ("event_date", "id")
# What most ask for is read by a prepared statement.
FIRST_PAGE = 20


def weekend(today: date) -> Days:
    """Return what is left of this weekend, or the next one's days."""
    saturday = today + timedelta(days=SATURDAY - today.weekday())
    return max(saturday, today), saturday + timedelta(days=1)


# Days counted from today, by the names of the quick filters.
WHEN = {
    "today": lambda today: (today, today),
    "weekend": weekend,
    "month": lambda today: (today, today + timedelta(days=30)),
}


def find_events(
    *,
    date_from: date | None = None,
    date_to: date | None = None,
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    available: bool = False,
    when: str = "",
    at: datetime | None = None,
) -> QuerySet[Event]:
    """Return public events that match all criteria, and are upcoming or on now.

    An event matches days on any of which it takes place, by its own local date; date_to is
    included. when: a key of `WHEN`, days counted from today at the venue. available: only events
    on sale with seats left. at: the time, which is quicker to compare with than the clock of the
    database, the default. Words are searched by `events.search`.
    """
    events: QuerySet[Event]
    events = Event.objects.on_sale(at=at) if available else Event.objects.current(at=at)
    if available:
        events = events.filter(available_seats__gt=0)
    events = on_days(events, (date_from, date_to))
    if when:
        events = on_days_from_today(events, WHEN[when], at=at or now())
    return public_priced(events, min_price, max_price)


PUBLIC_EVENT = PreparedQuery(
    lambda event_id: (
        Event.objects.published()
        .annotate(public_organizer=PUBLIC_ORGANIZER, next_rise=NEXT_RISE)
        .filter(pk=event_id)
    ),
    event_id=UUID,
)


def public_event(event_id: UUID) -> Event | None:
    """Return a published event with what is public of its organizer and its price rule, or None.

    `public_organizer`: see `events.contact`; `next_rise`: see `events.moving_price`.
    """
    return PUBLIC_EVENT.first(event_id=event_id)


EVENT_AT_CLOCK = PreparedQuery(
    lambda event_id: Event.objects.published().annotate(clock=Clock()).filter(pk=event_id),
    event_id=UUID,
)


def event_at_clock(event_id: UUID) -> tuple[Event, datetime] | None:
    """Return a published event and the database's time at which it was read, or None."""
    event = EVENT_AT_CLOCK.first(event_id=event_id)
    return None if event is None else (event, vars(event)["clock"])


def _current_events() -> QuerySet[Event]:
    """Return current events, the next one first, with the database's time and `next_rise`."""
    listed = Event.objects.current().annotate(clock=Clock(), next_rise=NEXT_RISE)
    return listed.order_by(*BY_DATE)


FIRST_EVENTS = PreparedQuery(lambda: _current_events()[: FIRST_PAGE + 1])


class CurrentEvents(PagedList):
    """All current events, the next one first, each with the database's time as `clock`."""

    def page(self, *, size: int, cursor: str = "") -> Page:
        if cursor or size > FIRST_PAGE:
            return page_of(_current_events(), ordering=BY_DATE, size=size, cursor=cursor)
        return first_page(FIRST_EVENTS.rows()[: size + 1], ordering=BY_DATE, size=size)


def price_bounds(*, event_id: UUID, most: int) -> list[PriceBounds]:
    """Return an event's latest changes of the bounds of its price, newest first."""
    return list(PriceBounds.objects.filter(event_id=event_id).order_by("-applied_at", "-id")[:most])


def price_changes(*, event_id: UUID, most: int) -> list[PriceChange]:
    """Return an event's latest price changes, newest first."""
    return list(PriceChange.objects.filter(event_id=event_id).order_by("-applied_at", "-id")[:most])
