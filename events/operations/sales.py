"""What every sale of seats checks, whether booked, offered or quoted."""

from datetime import datetime

from evently.errors import Conflict, Invalid
from events.models import SEATS_PER_BOOKING, Event
from events.sale import closed_text


class SalesClosed(Conflict):
    """The event is not on sale: not yet, no longer, or cancelled."""

    code = "sales_closed"
    message = "Bookings for this event are closed."


def check_on_sale(event: Event, *, at: datetime) -> None:
    """Raise SalesClosed, with the reason, for an event that takes no bookings at a time."""
    if not event.is_on_sale(at=at):
        raise SalesClosed(closed_text(event, at=at))


def check_quantity(quantity: int, *, most: int = SEATS_PER_BOOKING) -> None:
    """Raise Invalid for a number of seats that a booking cannot have."""
    if not 1 <= quantity <= most:
        message = f"Choose between 1 and {most} seats." if most > 1 else "Choose 1 seat."
        raise Invalid(message, fields={"quantity": message})
