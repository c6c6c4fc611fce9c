"""Presenters of bookings and tickets, and the notices of the checkout."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse

from bookings import operations, queries
from bookings.models import Booking, Ticket
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
    """A booking and its event at a given time; `booking.event` must be loaded."""

    def __init__(self, booking: Booking, *, at: datetime) -> None:
        super().__init__(booking)
        self.event = EventPresenter(booking.event, at=at)
        self.can_cancel = booking.is_cancellable(at=at)
        self.is_due_at_door = (
            booking.is_confirmed and self.event.is_paid_at_door and booking.total_amount > 0
        )

    @property
    def refund_text(self) -> str:
        """What is refunded if the booking is cancelled now, and by whom."""
        event = self.event
        if self.row.total_amount == 0:
            text = "This booking was free of charge, so there is nothing to refund."
        elif event.is_paid_at_door:
            text = "Seats are paid for at the entrance, so there is nothing to refund."
        elif event.refund_policy:
            text = "The organizer refunds your payment according to their refund policy."
        else:
            text = "Any refund is made by the organizer."
        return f"{text} {event.refund_policy}".strip()


@dataclass(frozen=True)
class BookingUrls:
    """The URLs of a booking's pages: for its owner, or for the holder of an emailed link."""

    detail: str
    done: str
    cancel: str
    calendar: str
    token: str = ""

    @classmethod
    def for_owner(cls, booking_id: UUID) -> "BookingUrls":
        return cls(
            detail=reverse("booking_detail", args=[booking_id]),
            done=reverse("booking_done", args=[booking_id]),
            cancel=reverse("cancel_booking", args=[booking_id]),
            calendar=reverse("booking_calendar", args=[booking_id]),
        )

    @classmethod
    def for_link(cls, token: str) -> "BookingUrls":
        return cls(
            detail=reverse("booking_link", args=[token]),
            done=reverse("booking_link_done", args=[token]),
            cancel=reverse("booking_link_cancel", args=[token]),
            calendar=reverse("booking_link_calendar", args=[token]),
            token=token,
        )

    @classmethod
    def for_guest(cls, *, event_id: UUID, booking_id: UUID) -> "BookingUrls":
        """Return the URLs with a new link, for a guest who has just booked."""
        return cls.for_link(sign_link(purpose="booking", row_id=booking_id, event_id=event_id))

    @property
    def by_link(self) -> bool:
        return bool(self.token)

    def qr(self, ticket: Ticket) -> str:
        if self.by_link:
            return reverse("ticket_qr_by_link", args=[self.token, ticket.pk])
        return reverse("ticket_qr", args=[ticket.booking_id, ticket.pk])


class TicketPresenter(Presenter):
    """A ticket with its number within the booking."""

    def __init__(self, ticket: Ticket, *, number: int, qr_url: str, holder_name: str = "") -> None:
        """number: from 1. holder_name: shown on the ticket; empty where it must not be known."""
        super().__init__(ticket)
        self.number = number
        self.qr_url = qr_url
        self.holder_name = holder_name
        code = ticket.secret[:CODE_LENGTH].upper()
        self.code = f"{code[:4]} {code[4:]}"


def present_tickets(
    booking: Booking, urls: BookingUrls, *, holder_name: str = ""
) -> list[TicketPresenter]:
    """Return a booking's active tickets, or the cancelled ones where no other is left."""
    tickets = list(queries.tickets_of(booking))
    active = [ticket for ticket in tickets if not ticket.is_cancelled]
    return [
        TicketPresenter(ticket, number=number, qr_url=urls.qr(ticket), holder_name=holder_name)
        for number, ticket in enumerate(active or tickets, start=1)
    ]


def shortage_notice(event: Event, quantity: int) -> dict[str, Any] | None:
    """Return the notice that fewer seats are left than the checkout is for, or None.

    Keys as of `refusal_notice`, and is_sold_out.
    """
    left = event.available_seats
    if left >= quantity:
        return None
    text = "You can join the waitlist in case seats become available."
    if left:
        text = "Choose fewer seats, or join the waitlist for all of them."
    title = f"Only {seats(left)} left" if left else "Sold out"
    return {
        "title": title,
        "text": text,
        "is_sold_out": not left,
        **_waitlist_link(event, quantity),
    }


def refusal_notice(
    refusal: DomainError, *, event: Event, quantity: int, shown_price: Decimal | None = None
) -> dict[str, str]:
    """Return the notice for a refused booking: title, text, and url and link of the next step.

    shown_price: of a seat, as in the form that was refused.
    """
    waitlist_link = _waitlist_link(event, quantity)
    notice = {"title": "Booking failed", "text": refusal.text, "url": "", "link": ""}
    if isinstance(refusal, operations.SoldOut):
        left = event.available_seats
        text = "The seats have just been taken. Nothing was booked."
        if 0 < left < quantity:
            text = f"Only {left} {'is' if left == 1 else 'are'} left. Nothing was booked. "
            text += "Choose fewer seats, or join the waitlist for all of them."
        notice |= {"title": "There are not enough seats left", "text": text, **waitlist_link}
    elif isinstance(refusal, operations.WaitlistFirst):
        notice |= {"title": "The waitlist comes first", **waitlist_link}
    elif isinstance(refusal, operations.PriceChanged | operations.PriceRequired | QuoteInvalid):
        notice |= _price_notice(event, refusal.details.get("seen_price", shown_price))
    elif isinstance(refusal, SalesClosed):
        notice |= {"title": "Bookings are closed", "text": f"{refusal.text} Nothing was booked."}
    elif isinstance(refusal, operations.PersonLimit):
        notice |= {"title": "Too many seats for one person"}
    elif isinstance(refusal, Invalid) and "quantity" in refusal.fields:
        notice |= {"title": "Please choose another number of seats"}
    elif isinstance(refusal, IdempotencyMismatch):
        notice |= {
            "title": "This form has already been submitted",
            "text": "Your booking was made, and the form was changed afterwards. "
            "To make another booking, check the form and submit it again.",
        }
    return notice


def _waitlist_link(event: Event, quantity: int) -> dict[str, str]:
    return {
        "url": f"{reverse('join_waitlist', args=[event.pk])}?quantity={quantity}",
        "link": f"Join the waitlist for {seats(quantity)}",
    }


def _price_notice(event: Event, shown_price: Decimal | None) -> dict[str, str]:
    """Return title and text on how the price differs from the one in the form."""
    current = money_with_symbol(event.current_price, event.currency)
    if shown_price is None or shown_price == event.current_price:
        return {
            "title": "Please check the price again",
            "text": f"A seat costs {current}. Nothing was booked yet: "
            "submit the form again to book at the price shown here.",
        }
    return {
        "title": "The price has changed",
        "text": f"A seat was {money_with_symbol(shown_price, event.currency)} when you opened "
        f"this page, and is {current} now. Nothing was booked yet: submit the form again to book "
        "at the new price.",
    }
