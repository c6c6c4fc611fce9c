"""A person's bookings, each also by the link in a mail: opening it shows, a button acts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings import operations, queries
from bookings.calendar import CONTENT_TYPE, FILE_NAME, calendar_for
from bookings.forms import IdempotentForm
from bookings.models import HOLDING_SEATS, Booking, Ticket
from bookings.operations import BookingNotFound, Canceller
from bookings.presenters import Addresses, BookingPresenter, TicketPresenter, present_tickets
from bookings.qr import qr_svg
from evently.cursors import links_of, page_of
from evently.database.clock import now
from evently.errors import DomainError
from evently.idempotency.keys import Replayed
from evently.links import LinkInvalid, read_link
from evently.pages import (
    current_user,
    form_idempotency,
    render_refusal,
    require_get_or_post,
    secret_link_page,
)
from events.models import over_by

BOOKINGS_PER_PAGE = 20


@dataclass(frozen=True)
class Opened:
    """A booking that somebody may see, and where its pages are for them."""

    booking: Booking
    addresses: Addresses
    holder_name: str = ""

    @property
    def by_link(self) -> bool:
        """Whether it was opened by a mailed link."""
        return bool(self.addresses.token)


def own(request: HttpRequest, booking_id: UUID) -> Opened:
    """Return one of the reader's bookings. Raises BookingNotFound."""
    user = current_user(request)
    booking = queries.booking_of(user_id=user.pk, booking_id=booking_id)
    if booking is None:
        raise BookingNotFound
    return Opened(booking, Addresses.own(booking.pk), user.name)


def linked(token: str) -> Opened:
    """Return the booking that a mailed link is for. Raises LinkInvalid."""
    event_id, booking_id = read_link(purpose="booking", token=token)
    bookings = Booking.objects.select_related("event")
    booking = bookings.filter(event_id=event_id, pk=booking_id).first()
    if booking is None:
        raise LinkInvalid
    return Opened(booking, Addresses.by_link(token))


@require_safe
@login_required
def my_bookings(request: HttpRequest) -> HttpResponse:
    """List the reader's bookings: those ahead, or those that are past or cancelled."""
    is_past = bool(request.GET.get("past"))
    at = now()
    bookings = queries.booking_history(user_id=current_user(request).pk)
    page = page_of(
        bookings.exclude(is_ahead(at)) if is_past else bookings.filter(is_ahead(at)),
        ordering=("-event__event_date", "-id") if is_past else ("event__event_date", "id"),
        size=BOOKINGS_PER_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "bookings": [BookingPresenter(booking, at=at) for booking in page.rows],
        "is_past": is_past,
        **links_of(page, request.GET, kept=["past"]),
    }
    return render(request, "bookings/list.html", context)


def is_ahead(at: datetime) -> Q:
    """Return what is true of bookings that still matter at a moment."""
    return Q(status__in=HOLDING_SEATS) & ~over_by(at, prefix="event__")


@require_safe
@login_required
@never_cache
def booking_detail(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Show one of the reader's bookings with its tickets."""
    return _show(request, own(request, booking_id))


@require_safe
@secret_link_page
def booking_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the booking of a mailed link."""
    return _show(request, linked(token))


@require_safe
@login_required
@never_cache
def booking_done(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Show somebody that they have booked."""
    return _done(request, own(request, booking_id))


@require_safe
@secret_link_page
def booking_link_done(request: HttpRequest, token: str) -> HttpResponse:
    """Show a guest that they have booked."""
    return _done(request, linked(token))


@require_get_or_post
@login_required
@never_cache
def cancel_booking(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Ask whether to cancel one of the reader's bookings; a POST does it."""
    return _cancel(request, own(request, booking_id))


@require_get_or_post
@secret_link_page
def booking_link_cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to cancel the booking of a mailed link; a POST does it."""
    return _cancel(request, linked(token))


@require_safe
@login_required
def booking_calendar(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Give the calendar file of one of the reader's bookings."""
    return _calendar(own(request, booking_id))


@require_safe
@secret_link_page
def booking_link_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Give the calendar file of the booking of a mailed link."""
    return _calendar(linked(token))


@require_safe
@login_required
@never_cache
def ticket_qr(request: HttpRequest, booking_id: UUID, ticket_id: UUID) -> HttpResponse:
    """Draw the code of one of the reader's tickets."""
    return _qr(own(request, booking_id).booking, ticket_id)


@require_safe
@secret_link_page
def ticket_qr_by_link(request: HttpRequest, token: str, ticket_id: UUID) -> HttpResponse:
    """Draw the code of a ticket of the booking of a mailed link."""
    return _qr(linked(token).booking, ticket_id)


@require_safe
@secret_link_page
def ticket_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the one ticket of a mailed link, which can be handed on."""
    ticket = _linked_ticket(token)
    at = now()
    context = {
        "booking": BookingPresenter(ticket.booking, at=at),
        "ticket": TicketPresenter(ticket, number=1, qr_url=reverse("ticket_link_qr", args=[token])),
    }
    return render(request, "bookings/ticket.html", context)


@require_safe
@secret_link_page
def ticket_link_qr(request: HttpRequest, token: str) -> HttpResponse:
    """Draw the code of the ticket of a mailed link."""
    ticket = _linked_ticket(token)
    return _qr(ticket.booking, ticket.pk)


def _linked_ticket(token: str) -> Ticket:
    event_id, ticket_id = read_link(purpose="ticket", token=token)
    tickets = Ticket.objects.select_related("booking__event")
    ticket = tickets.filter(event_id=event_id, pk=ticket_id).first()
    if ticket is None:
        raise LinkInvalid
    return ticket


def _show(request: HttpRequest, opened: Opened) -> HttpResponse:
    return render(request, "bookings/detail.html", _context(opened))


def _done(request: HttpRequest, opened: Opened) -> HttpResponse:
    return render(request, "bookings/done.html", _context(opened))


def _context(opened: Opened) -> dict[str, Any]:
    booking = BookingPresenter(opened.booking, at=now())
    return {
        "booking": booking,
        "tickets": present_tickets(
            opened.booking, opened.addresses, holder_name=opened.holder_name
        ),
        "can_cancel": booking.can_cancel,
        "can_cancel_until": opened.booking.event.cancellable_until,
        "addresses": opened.addresses,
        "by_link": opened.by_link,
    }


def _cancel(request: HttpRequest, opened: Opened) -> HttpResponse:
    booking, addresses = opened.booking, opened.addresses
    context = {
        "booking": BookingPresenter(booking, at=now()),
        "form": IdempotentForm(request.POST or None),
        "back_url": addresses.detail,
    }
    if request.method != "POST":
        return render(request, "bookings/cancel.html", context)
    try:
        operations.cancel_booking(
            event_id=booking.event_id,
            booking_id=booking.pk,
            by=Canceller.ATTENDEE,
            idempotency=form_idempotency(
                request, user_id=booking.user_id, body={}, answer=lambda _: {}
            ),
        )
    except Replayed:
        pass
    except DomainError as refusal:
        context["refusal"] = refusal
        return render_refusal(request, "bookings/cancel.html", context, refusal)
    messages.success(request, "Your seats are given back. Thank you for telling us.")
    return redirect(addresses.detail)


def _calendar(opened: Opened) -> HttpResponse:
    response = HttpResponse(calendar_for(opened.booking), content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


def _qr(booking: Booking, ticket_id: UUID) -> HttpResponse:
    tickets = booking.tickets.filter(
        event_id=booking.event_id, pk=ticket_id, cancelled_at__isnull=True
    )
    ticket = tickets.first()
    if ticket is None:
        raise BookingNotFound
    return HttpResponse(qr_svg(ticket), content_type="image/svg+xml")
