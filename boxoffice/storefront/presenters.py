"""Events as the storefront's templates show them, with seats and waitlist."""

from collections.abc import Sequence
from datetime import datetime

from events.models import Event
from events.presenters import EventPresenter
from events.sale import Sale, sales_of


class EventCard(EventPresenter):
    """An event in a list, with its seats."""

    def __init__(self, event: Event, *, at: datetime, seats: Sale) -> None:
        super().__init__(event, at=at)
        self.seats = seats


def event_cards(events: Sequence[Event], *, at: datetime) -> list[EventCard]:
    """Return events as cards; one query for all their waitlists."""
    sales = sales_of(events, at=at)
    return [EventCard(event, at=at, seats=sales[event.pk]) for event in events]
