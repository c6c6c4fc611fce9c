"""What the page of a booking shows below its facts: tickets, emails about it, and its history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from bookings import queries
from bookings.models import Booking, TicketTransfer
from bookings.presenters.bookings import TicketPresenter
from evently.accounts.operations.correction import is_correctable
from evently.audit.history import changes_of_row
from evently.formatting import moment
from notifications.admin.filters import LABELS
from notifications.admin.states import STATUSES
from notifications.failures import failure_in_words
from notifications.kinds import kinds_for_organizers
from notifications.models import DeliveryStatus, EmailDelivery
from notifications.operations.resending import WAITING

MOST_EMAILS = 50


@dataclass(frozen=True)
class Moment:
    """A line of the timeline."""

    when: datetime
    at: str
    what: str
    who: str = ""


def booking_panels(booking: Booking) -> dict[str, Any]:
    """Return the context of admin/bookings/panels.html; the user's key is loaded.

    The number of queries does not depend on how many tickets, emails and changes there are.
    """
    emails = list(_emails_about(booking))
    transfers = queries.transfers_of(booking)
    handed = {
        transfer.ticket_id if transfer.is_open else transfer.new_ticket_id: transfer
        for transfer in transfers
        if transfer.is_open or transfer.is_accepted
    }
    return {
        "tickets": _tickets(booking, handed),
        "emails": [_email(email, booking) for email in emails],
        "timeline": _timeline(booking, emails, transfers),
        "is_correctable": is_correctable(booking.user),
        "is_confirmed_address": booking.user.is_verified,
    }


def _tickets(booking: Booking, handed: dict[UUID | None, TicketTransfer]) -> list[dict[str, str]]:
    """handed: the transfer by which a ticket is offered or was accepted, by the ticket's id."""
    shown = []
    for number, ticket in enumerate(queries.tickets_of(booking), start=1):
        state, kind = "Valid", "success"
        if ticket.is_cancelled:
            state, kind = "Cancelled", "default"
        elif ticket.is_checked_in:
            state = f"Checked in {moment(ticket.checked_in_at, booking.event.zone)}"
            kind = "info"
        elif booking.is_pending:
            state, kind = "Not valid before payment", "warning"
        shown.append(
            {
                "code": TicketPresenter(ticket, number=number, qr_url="").code,
                "holder": ticket.name or booking.user.display_name,
                "state": state,
                "kind": kind,
                "handed": _handed(handed.get(ticket.pk), booking),
            }
        )
    return shown


def _handed(transfer: TicketTransfer | None, booking: Booking) -> str:
    """Return from whom to whom a ticket is handed over, and when; "" for none."""
    if transfer is None:
        return ""
    owner, at = booking.user.display_name, moment(transfer.created_at, booking.event.zone)
    to = f"{transfer.name} ({transfer.email})" if transfer.name else "a person since erased"
    if transfer.is_open:
        return f"Offered by {owner} to {to} on {at}, not accepted yet"
    accepted = moment(transfer.ended_at, booking.event.zone)
    return f"Handed over by {owner} to {to}, accepted on {accepted}"


def _emails_about(booking: Booking) -> Any:
    """Return the emails of the booking, and those about its event to the same person."""
    about = Q(metadata__reference=booking.booking_reference) | ~Q(metadata__has_key="reference")
    return EmailDelivery.objects.filter(
        about, event_id=booking.event_id, user_id=booking.user_id, kind__in=kinds_for_organizers()
    ).order_by("-created_at", "-id")[:MOST_EMAILS]


def _email(email: EmailDelivery, booking: Booking) -> dict[str, Any]:
    label, kind = STATUSES[DeliveryStatus(email.status)]
    again = reverse("admin:notifications_emaildelivery_send_this_again", args=[email.pk])
    back = reverse("admin:bookings_booking_change", args=[booking.pk])
    return {
        "what": LABELS.get(email.kind, email.kind),
        "url": reverse("admin:notifications_emaildelivery_change", args=[email.pk]),
        "at": moment(email.created_at, booking.event.zone),
        "label": label,
        "kind": kind,
        "problem": failure_in_words(email.error_message),
        "again": "" if email.status in WAITING else f"{again}?back={back}",
    }


def _timeline(
    booking: Booking, emails: list[EmailDelivery], transfers: list[TicketTransfer]
) -> list[Moment]:
    """Return what happened to the booking, newest first; changes are told by the history."""
    zone = booking.event.zone
    lines = [
        Moment(at, moment(at, zone), change.what, change.who)
        for at, change in changes_of_row("bookings", booking.pk)
    ]
    lines += [
        Moment(
            email.created_at,
            moment(email.created_at, zone),
            f"Email: {LABELS.get(email.kind, email.kind)} "
            f"({STATUSES[DeliveryStatus(email.status)][0].lower()})",
        )
        for email in emails
    ]
    for transfer in transfers:
        to = transfer.name or "a person since erased"
        told = [(transfer.created_at, f"Ticket offered to {to}")]
        if transfer.ended_at is not None:
            ended = "accepted" if transfer.is_accepted else "taken back"
            told.append((transfer.ended_at, f"Ticket offered to {to} was {ended}"))
        lines += [Moment(at, moment(at, zone), what) for at, what in told]
    if not any(line.who for line in lines):
        lines.append(Moment(booking.created_at, moment(booking.created_at, zone), "booked"))
    return sorted(lines, key=lambda line: line.when, reverse=True)
