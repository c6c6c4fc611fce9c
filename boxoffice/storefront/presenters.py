"""Events as the storefront's templates show them, with seats and waitlist."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from evently.kept import KeptByKey
from events.models import Event
from events.presenters import EventPresenter
from events.sale import Sale, WaitlistSummary, sale_of, sales_of

CARD = "components/event_card.html"
# Where no one waits.
NO_WAITLIST = WaitlistSummary()

_cards: KeptByKey[SafeString] = KeptByKey(8 * 1024 * 1024)


def with_seats(event: Event, seats: int) -> Event:
    """Return an event as it was read, with another number of available seats."""
    changed = copy(event)
    changed.available_seats = seats
    return changed


class EventCard(EventPresenter):
    """An event in a list, with its seats. is_lead: shown large."""

    def __init__(self, event: Event, *, at: datetime, seats: Sale, is_lead: bool = False) -> None:
        super().__init__(event, at=at)
        self.seats = seats
        self.is_lead = is_lead

    def with_seats(self, seats: int, *, waitlist: WaitlistSummary, at: datetime) -> "EventCard":
        """Return the card with other seats, and other people who wait for them."""
        event = with_seats(self.row, seats)
        sale = sale_of(event, at=at, waitlist=waitlist)
        return EventCard(event, at=at, seats=sale, is_lead=self.is_lead)

    @property
    def html(self) -> SafeString:
        """The card, rendered once for all that it shows."""
        return _cards.get((self.row.pk, self.is_lead), self.key, self._render)

    @property
    def key(self) -> tuple[Any, ...]:
        """All that it shows; times are shown with the year where it is another one."""
        row = self.row
        year = self.at.astimezone(ZoneInfo(row.timezone)).year
        standing = (row.status, self.is_over, self.has_started)
        return (row.pk, self.is_lead, row.version, row.current_price, standing, self.seats, year)

    def _render(self) -> SafeString:
        context = {"event": self, "seats": self.seats, "lead": self.is_lead, "now": self.at}
        return render_to_string(CARD, context)


def event_cards(
    events: Sequence[Event], *, at: datetime, with_lead: bool = False
) -> list[EventCard]:
    """Return events as cards; one query for all their waitlists. with_lead: the first is large."""
    sales = sales_of(events, at=at)
    return [
        EventCard(event, at=at, seats=sales[event.pk], is_lead=with_lead and number == 0)
        for number, event in enumerate(events)
    ]
