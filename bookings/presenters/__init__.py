"""Bookings, tickets and the checkout as pages show them."""

from bookings.presenters.bookings import (
    BookingPresenter,
    BookingUrls,
    TicketPresenter,
    present_tickets,
    shown_when_done,
)
from bookings.presenters.cancellation import event_cancelled_text, refund_note

__all__ = [
    "BookingPresenter",
    "BookingUrls",
    "TicketPresenter",
    "event_cancelled_text",
    "present_tickets",
    "refund_note",
    "shown_when_done",
]
