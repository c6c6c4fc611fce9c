"""Single tickets by links of their own, and handing tickets over to another person."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from bookings import operations, queries
from bookings.forms import HandOverForm
from bookings.models import Ticket
from bookings.operations import TransferNotFound
from bookings.presenters import (
    BookingPresenter,
    TicketPresenter,
    event_cancelled_text,
    present_tickets,
)
from bookings.qr import qr_svg
from bookings.transfer_models import TicketTransfer
from bookings.views.booking import BookingAccess, for_owner_or_link
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import DomainError
from evently.links import LinkInvalid, read_link, sign_link
from evently.pages import add_refusal, render_refusal, require_get_or_post, secret_link_page


# ── A ticket by its link ────────────────────────────────────────────────────
@require_safe
@secret_link_page
def ticket_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a single ticket by its own link, which the attendee can forward."""
    ticket = _linked_ticket(token)
    at = now()
    context = {
        "booking": BookingPresenter(ticket.booking, at=at),
        "ticket": TicketPresenter(ticket, number=1, qr_url=reverse("ticket_link_qr", args=[token])),
        # A person to whom the ticket was forwarded learns no more than that.
        "ended_text": event_cancelled_text(ticket.booking.event.cancel_reason)
        if ticket.booking.event.is_cancelled
        else "The booking that it belongs to was cancelled.",
    }
    return render(request, "bookings/ticket.html", context)


@require_safe
@secret_link_page
def ticket_link_qr(request: HttpRequest, token: str) -> HttpResponse:
    """Return the QR code of a ticket by its own link (SVG). Raises TicketNotFound."""
    ticket = _linked_ticket(token)
    if ticket.is_cancelled or ticket.booking.is_ended:
        raise queries.TicketNotFound
    return _svg(ticket)


@as_worker()
def _linked_ticket(token: str) -> Ticket:
    """Find the ticket of an emailed link. Raises LinkInvalid."""
    linked = read_link(purpose="ticket", token=token)
    tickets = Ticket.objects.select_related("booking__event", "booking__user", "holder__person_key")
    ticket = tickets.filter(event_id=linked.event_id, pk=linked.row_id).first()
    if ticket is None:
        raise LinkInvalid
    # Of a ticket that was handed over, the link was sent to its holder.
    of = ticket.holder or ticket.booking.user
    linked.check(of.links_version)
    return ticket


def _svg(ticket: Ticket) -> HttpResponse:
    return HttpResponse(qr_svg(ticket), content_type="image/svg+xml")


# ── Handing over, by the owner of the booking ───────────────────────────────
@require_get_or_post
@for_owner_or_link
def hand_over(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    """Ask to whom tickets are handed over; a POST emails them."""
    booking, urls = access.booking, access.urls
    tickets = [
        ticket
        for ticket in present_tickets(booking, urls, at=now())
        if ticket.hand_over_url and not booking.is_ended
    ]
    if not tickets:
        return redirect(urls.detail)
    form = HandOverForm(
        request.POST or None,
        tickets=[(str(ticket.pk), f"Ticket {ticket.number}, {ticket.code}") for ticket in tickets],
        chosen=request.GET.get("ticket", ""),
    )
    context = {
        "booking": BookingPresenter(booking, at=now()),
        "form": form,
        "back_url": urls.detail,
    }
    if request.method != "POST":
        return render(request, "bookings/hand_over.html", context)
    if not form.is_valid():
        return render_refusal(request, "bookings/hand_over.html", context)
    fields = form.cleaned_data
    try:
        operations.hand_over(
            event_id=booking.event_id,
            booking_id=booking.pk,
            ticket_ids=[UUID(ticket) for ticket in fields["tickets"]],
            name=fields["name"],
            email=fields["email"],
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "bookings/hand_over.html", context, refusal)
    messages.success(request, "We have sent an email with a link to accept the ticket.")
    return redirect(urls.detail)


@require_POST
@for_owner_or_link
def withdraw_transfer(
    request: HttpRequest, access: BookingAccess, transfer_id: UUID
) -> HttpResponse:
    """Take back a ticket that was not accepted yet."""
    booking = access.booking
    try:
        operations.withdraw_transfer(
            event_id=booking.event_id, booking_id=booking.pk, transfer_id=transfer_id
        )
    except TransferNotFound:
        raise
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, "You have taken the ticket back. The link no longer works.")
    return redirect(access.urls.detail)


# ── By the recipient ────────────────────────────────────────────────────────
@require_get_or_post
@secret_link_page
def transfer_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a ticket that is handed over; a POST accepts it. An accepted one leads to the ticket."""
    transfer = _linked_transfer(token)
    if transfer.is_accepted:
        return redirect(_ticket_url(transfer))
    if request.method == "POST":
        try:
            accepted = operations.accept_transfer(
                event_id=transfer.event_id, transfer_id=transfer.pk
            )
        except DomainError as refusal:
            context = _transfer_context(transfer) | {"refusal": refusal}
            return render_refusal(request, "bookings/transfer.html", context, refusal)
        messages.success(request, "This ticket is yours now. Keep the link, or print the ticket.")
        return redirect(_ticket_url(accepted))
    return render(request, "bookings/transfer.html", _transfer_context(transfer))


def _transfer_context(transfer: TicketTransfer) -> dict[str, Any]:
    at, booking, ticket = now(), transfer.booking, transfer.ticket
    ended = ticket.is_cancelled or ticket.is_checked_in or not booking.is_confirmed
    return {
        "booking": BookingPresenter(booking, at=at),
        "owner_name": transfer.user.name,
        "name": transfer.name,
        "is_open": transfer.is_open
        and not ended
        and not booking.is_ended
        and not booking.event.is_over(at=at),
    }


@as_worker()
def _linked_transfer(token: str) -> TicketTransfer:
    """Find the transfer of an emailed link. Raises LinkInvalid."""
    linked = read_link(purpose="transfer", token=token)
    transfer = (
        TicketTransfer.objects.select_related(
            "booking__event", "ticket", "user__person_key", "recipient"
        )
        .filter(event_id=linked.event_id, pk=linked.row_id)
        .first()
    )
    if transfer is None:
        raise LinkInvalid
    return transfer


def _ticket_url(transfer: TicketTransfer) -> str:
    """Return the page of an accepted ticket."""
    recipient, ticket_id = transfer.recipient, transfer.new_ticket_id
    if recipient is None or ticket_id is None:
        raise TransferNotFound
    token = sign_link(
        purpose="ticket",
        row_id=ticket_id,
        event_id=transfer.event_id,
        version=recipient.links_version,
    )
    return reverse("ticket_link", args=[token])
