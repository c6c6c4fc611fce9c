"""Presenters of bookings and tickets, and the URLs of their pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from bookings import queries
from bookings.models import AttendanceCheck, Booking, Ticket
from bookings.presenters.attendance import AttendancePresenter
from bookings.presenters.cancellation import cancellation_text, refund_note
from bookings.presenters.transfers import TransferPresenter
from evently.links import path_of, path_with, sign_link
from evently.pages import Presenter
from events.presenters import EventPresenter

CODE_LENGTH = 8


class BookingPresenter(Presenter):
    """A booking and its event at a given time; `booking.event` must be loaded."""

    def __init__(
        self, booking: Booking, *, at: datetime, check: AttendanceCheck | None = None
    ) -> None:
        """check: the question whether the attendee is still coming, if it was asked."""
        super().__init__(booking)
        self.attendance = AttendancePresenter(booking, check, at=at)
        self.event = EventPresenter(booking.event, at=at)
        self.is_cancelled = booking.is_ended
        self.is_pending = booking.is_pending and not self.is_cancelled
        self.is_confirmed = booking.is_confirmed and not self.is_cancelled
        self.can_cancel = booking.is_cancellable(at=at)
        self.is_due_at_door = (
            self.is_confirmed and self.event.is_paid_at_door and booking.total_amount > 0
        )
        self.cancellation_text = cancellation_text(booking)

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

    @property
    def refunded_text(self) -> str:
        """What becomes of the money of a cancelled booking that was not free, as in its email."""
        return refund_note([self.row])


def shown_when_done(booking: BookingPresenter, *, by_link: bool) -> tuple[Any, ...]:
    """Return all that the confirmation page of a booking that is not pending shows.

    Apart from what is its owner's own. A time is shown with its year where that is another one.
    """
    event = booking.event
    return (
        by_link,
        *(event.version, event.status, event.at.astimezone(event.zone).year),
        *(booking.quantity, booking.total_amount, booking.is_due_at_door),
        booking.attendance.announcement,
    )


@dataclass(frozen=True)
class BookingUrls:
    """The URLs of a booking's pages: for its owner, or for the holder of an emailed link."""

    detail: str
    done: str
    cancel: str
    calendar: str
    hand_over: str
    coming: str
    messages: str
    token: str = ""

    @classmethod
    def for_owner(cls, booking_id: UUID) -> "BookingUrls":
        return cls(
            detail=path_of("booking_detail", booking_id),
            done=path_of("booking_done", booking_id),
            cancel=path_of("cancel_booking", booking_id),
            calendar=path_of("booking_calendar", booking_id),
            hand_over=path_of("hand_over", booking_id),
            coming=path_of("booking_coming", booking_id),
            messages=path_of("booking_messages", booking_id),
        )

    @classmethod
    def for_link(cls, token: str) -> "BookingUrls":
        return cls(
            detail=path_with("booking_link", token),
            done=path_with("booking_link_done", token),
            cancel=path_with("booking_link_cancel", token),
            calendar=path_with("booking_link_calendar", token),
            hand_over=path_with("booking_link_hand_over", token),
            coming=path_with("booking_link_coming", token),
            messages=path_with("booking_link_messages", token),
            token=token,
        )

    @classmethod
    def for_guest(
        cls, *, event_id: UUID, booking_id: UUID, version: int | None = None
    ) -> "BookingUrls":
        """Return the URLs with a new link, for a guest who has just booked.

        version: the `links_version` of the booking's user, where it is known.
        """
        if version is None:
            version = queries.links_version_of(event_id=event_id, booking_id=booking_id)
        token = sign_link(purpose="booking", row_id=booking_id, event_id=event_id, version=version)
        return cls.for_link(token)

    @property
    def by_link(self) -> bool:
        return bool(self.token)

    def qr(self, ticket: Ticket) -> str:
        if self.by_link:
            return reverse("ticket_qr_by_link", args=[self.token, ticket.pk])
        return reverse("ticket_qr", args=[ticket.booking_id, ticket.pk])


class TicketPresenter(Presenter):
    """A ticket with its number within the booking."""

    def __init__(
        self,
        ticket: Ticket,
        *,
        number: int,
        qr_url: str,
        holder_name: str = "",
        transfer: TransferPresenter | None = None,
        hand_over_url: str = "",
    ) -> None:
        """Needs the ticket's holder loaded. number: from 1.

        holder_name: of a ticket that bears no name of its own; empty where it must not be known.
        transfer: how it is handed over, shown to the owner of the booking, who must not see the
        code of one that was accepted. hand_over_url: "" where it cannot be handed over.
        """
        super().__init__(ticket)
        self.number = number
        self.qr_url = qr_url
        self.holder_name = ticket.name or holder_name
        self.transfer = transfer
        self.is_handed_over = transfer is not None and transfer.is_accepted
        self.hand_over_url = hand_over_url
        code = ticket.secret[:CODE_LENGTH].upper()
        self.code = f"{code[:4]} {code[4:]}"


def present_tickets(
    booking: Booking, urls: BookingUrls, *, at: datetime, holder_name: str = ""
) -> list[TicketPresenter]:
    """Return a booking's active tickets, as its owner sees them."""
    active = [ticket for ticket in queries.tickets_of(booking) if not ticket.is_cancelled]
    transfers = _transfers(booking, urls)
    can_hand_over = booking.is_confirmed and not booking.event.is_over(at=at)
    presented = []
    for number, ticket in enumerate(active, start=1):
        transfer = transfers.get(ticket.pk)
        can = can_hand_over and transfer is None and not ticket.is_checked_in
        presented.append(
            TicketPresenter(
                ticket,
                number=number,
                qr_url=urls.qr(ticket),
                holder_name=holder_name,
                transfer=transfer,
                hand_over_url=f"{urls.hand_over}?ticket={ticket.pk}" if can else "",
            )
        )
    return presented


def _transfers(booking: Booking, urls: BookingUrls) -> dict[UUID, TransferPresenter]:
    """Return how tickets are handed over now, by the id of the ticket that is valid."""
    found = {}
    for transfer in queries.transfers_of(booking):
        if transfer.is_accepted and transfer.new_ticket_id is not None:
            found[transfer.new_ticket_id] = TransferPresenter.of(transfer)
        elif transfer.is_open:
            url = f"{urls.hand_over}{transfer.pk}/withdraw/"
            found[transfer.ticket_id] = TransferPresenter.of(transfer, withdraw_url=url)
    return found
