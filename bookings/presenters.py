"""Bookings and tickets as pages show them, and what each refusal leads to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from bookings import operations
from bookings.models import Booking, BookingStatus, Ticket
from evently.errors import DomainError, Invalid
from evently.formatting import money_with_symbol, seats
from evently.idempotency.keys import IdempotencyMismatch
from evently.links import sign_link
from evently.pages import Presenter
from events.models import Event
from events.operations import QuoteInvalid, SalesClosed
from events.presenters import EventPresenter

CODE_LENGTH = 8


class BookingPresenter(Presenter):
    """A booking at a moment, with its event; `event` must be loaded."""

    def __init__(self, booking: Booking, *, at: datetime) -> None:
        """Wrap a booking; at: the moment of the page."""
        super().__init__(booking)
        self.event = EventPresenter(booking.event, at=at)
        self.is_pending = booking.status == BookingStatus.PENDING
        self.can_cancel = booking.is_cancellable(at=at)
        self.is_due_at_door = (
            booking.is_confirmed and self.event.is_paid_at_door and booking.total_amount > 0
        )

    @property
    def refund_text(self) -> str:
        """What comes back when it is cancelled now, and from whom."""
        event = self.event
        if self.row.total_amount == 0:
            text = "You paid nothing, so there is no money to give back."
        elif event.is_paid_at_door:
            text = "You would have paid at the entrance, so there is nothing to give back."
        else:
            text = "The organizer gives back what you have paid, by their refund policy."
        return f"{text} {event.refund_policy}".strip()


@dataclass(frozen=True)
class Addresses:
    """Where a booking's pages are: its owner's own, or those behind a mailed link."""

    detail: str
    done: str
    cancel: str
    calendar: str
    token: str = ""

    @classmethod
    def own(cls, booking_id: UUID) -> "Addresses":
        """Return those for somebody logged in."""
        return cls(
            detail=reverse("booking_detail", args=[booking_id]),
            done=reverse("booking_done", args=[booking_id]),
            cancel=reverse("cancel_booking", args=[booking_id]),
            calendar=reverse("booking_calendar", args=[booking_id]),
        )

    @classmethod
    def by_link(cls, token: str) -> "Addresses":
        """Return those behind a mailed link."""
        return cls(
            detail=reverse("booking_link", args=[token]),
            done=reverse("booking_link_done", args=[token]),
            cancel=reverse("booking_link_cancel", args=[token]),
            calendar=reverse("booking_link_calendar", args=[token]),
            token=token,
        )

    @classmethod
    def linked(cls, *, event_id: UUID, booking_id: UUID) -> "Addresses":
        """Return those behind a link made now, for a guest who has just booked."""
        return cls.by_link(sign_link(purpose="booking", row_id=booking_id, event_id=event_id))

    def qr(self, ticket: Ticket) -> str:
        """Return where a ticket's code is drawn."""
        if self.token:
            return reverse("ticket_qr_by_link", args=[self.token, ticket.pk])
        return reverse("ticket_qr", args=[ticket.booking_id, ticket.pk])


class TicketPresenter(Presenter):
    """A ticket with its number within the booking."""

    def __init__(self, ticket: Ticket, *, number: int, qr_url: str, holder_name: str = "") -> None:
        """Wrap a ticket; number: from 1. holder_name: who may be shown as its holder."""
        super().__init__(ticket)
        self.number = number
        self.qr_url = qr_url
        self.holder_name = holder_name
        self.is_cancelled = ticket.cancelled_at is not None
        self.is_checked_in = ticket.checked_in_at is not None
        code = ticket.secret[:CODE_LENGTH].upper()
        self.code = f"{code[:4]} {code[4:]}"


def present_tickets(
    booking: Booking, addresses: Addresses, *, holder_name: str = ""
) -> list[TicketPresenter]:
    """Return a booking's tickets; those given back only where nothing is left of it."""
    tickets = list(booking.tickets.filter(event_id=booking.event_id).order_by("id"))
    living = [ticket for ticket in tickets if ticket.cancelled_at is None]
    return [
        TicketPresenter(ticket, number=number, qr_url=addresses.qr(ticket), holder_name=holder_name)
        for number, ticket in enumerate(living or tickets, start=1)
    ]


def too_few(event: Event, quantity: int) -> dict[str, Any] | None:
    """Say that fewer seats are left than somebody looks at, before they try.

    As `next_step`, and is_sold_out: none is left at all.
    """
    left = event.available_seats
    if left >= quantity:
        return None
    text = "You can wait for seats to come back."
    if left:
        text = "Choose fewer, or wait for all of them."
    title = f"Only {seats(left)} left" if left else "Sold out"
    return {
        "title": title,
        "text": text,
        "is_sold_out": not left,
        **_joining(event, quantity),
    }


def next_step(
    refusal: DomainError, *, event: Event, quantity: int, seen_price: Any = None
) -> dict[str, str]:
    """Say a refused booking in plain words, and what to do next: title, text, url, link."""
    join = _joining(event, quantity)
    step = {"title": "That did not work", "text": refusal.text, "url": "", "link": ""}
    if isinstance(refusal, operations.SoldOut):
        left = event.available_seats
        text = "Somebody was faster. Nothing was booked."
        if 0 < left < quantity:
            text = f"Only {left} {'is' if left == 1 else 'are'} left. Nothing was booked. "
            text += "Choose fewer, or wait for all of them."
        step |= {"title": "There are not enough seats left", "text": text, **join}
    elif isinstance(refusal, operations.WaitlistFirst):
        step |= {"title": "People in line come first", **join}
    elif isinstance(refusal, operations.PriceChanged | operations.PriceRequired | QuoteInvalid):
        seen = refusal.details.get("seen_price", seen_price)
        step |= _price_step(event, seen)
    elif isinstance(refusal, SalesClosed):
        step |= {"title": "Bookings are closed", "text": f"{refusal.text} Nothing was booked."}
    elif isinstance(refusal, operations.PersonLimit):
        step |= {"title": "That would be too many seats for one person"}
    elif isinstance(refusal, Invalid) and "quantity" in refusal.fields:
        step |= {"title": "Please choose another number"}
    elif isinstance(refusal, IdempotencyMismatch):
        step |= {
            "title": "This form was sent already",
            "text": "You have booked with it, and then changed it. "
            "If you want to book once more, check it and send it again.",
        }
    return step


def _joining(event: Event, quantity: int) -> dict[str, str]:
    return {
        "url": f"{reverse('join_waitlist', args=[event.pk])}?quantity={quantity}",
        "link": f"Join the line for {seats(quantity)}",
    }


def _price_step(event: Event, seen: Any) -> dict[str, str]:
    """Say what became of the price since somebody saw it."""
    current = money_with_symbol(event.current_price, event.currency)
    if seen is None or seen == event.current_price:
        return {
            "title": "Please look at the price once more",
            "text": f"A seat costs {current}. Nothing was booked yet: "
            "send the form again to book at the price shown here.",
        }
    return {
        "title": "The price has changed",
        "text": f"A seat was {money_with_symbol(seen, event.currency)} when you looked, and is "
        f"{current} now. Nothing was booked yet: send the form again to book at the new price.",
    }
