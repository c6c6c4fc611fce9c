"""Bookings, tickets and the checkout as pages show them."""

from bookings.presenters.bookings import (
    BookingPresenter,
    BookingUrls,
    TicketPresenter,
    present_tickets,
)

__all__ = ["BookingPresenter", "BookingUrls", "TicketPresenter", "present_tickets"]
