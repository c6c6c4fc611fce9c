"""A user's bookings. Emailed links open the same pages; opening one changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe

from bookings import attendance_queries, operations, queries
from bookings.calendar import CONTENT_TYPE, FILE_NAME, calendar_for, calendar_links
from bookings.forms import IdempotentForm
from bookings.models import HOLDING_SEATS, Booking
from bookings.operations import BookingNotFound, Canceller
from bookings.presenters import (
    BookingPresenter,
    BookingUrls,
    present_tickets,
    shown_when_done,
)
from bookings.qr import qr_svg
from bookings.visit import may_correct_address
from evently.cursors import Page, first_page, links_of, page_of
from evently.database.clock import now
from evently.database.prepared import PreparedQuery
from evently.errors import DomainError
from evently.idempotency.keys import Replayed
from evently.kept_pages import KeptPage
from evently.links import LinkInvalid, read_link
from evently.pages import (
    current_user,
    form_idempotency,
    new_idempotency_key,
    owner_or_link,
    render_refusal,
    require_get_or_post,
)
from events.models import EventStatus, over_by

BOOKINGS_PER_PAGE = 20
# After the end of the event; then a booking leaves for cold storage (`bookings.retention`).
LISTED_FOR = timedelta(days=2 * 365)
# Of the list, by whether it is that of past and cancelled bookings.
ORDERING = {False: ("event__event_date", "id"), True: ("-event__event_date", "-id")}


@dataclass(frozen=True)
class BookingAccess:
    """A booking that the visitor may see, and its URLs for them.

    holder_name: shown on the tickets, to the owner alone.
    """

    booking: Booking
    urls: BookingUrls
    holder_name: str = ""


def own_booking(request: HttpRequest, booking_id: UUID) -> BookingAccess:
    """Find one of the current user's bookings. Raises BookingNotFound."""
    user = current_user(request)
    booking = queries.booking_of(user_id=user.pk, booking_id=booking_id)
    if booking is None:
        raise BookingNotFound
    return BookingAccess(booking, BookingUrls.for_owner(booking.pk), user.name)


def linked_booking(token: str) -> BookingAccess:
    """Find the booking of an emailed link. Raises LinkInvalid."""
    linked = read_link(purpose="booking", token=token)
    booking = queries.booking_with_user(event_id=linked.event_id, booking_id=linked.row_id)
    if booking is None:
        raise LinkInvalid
    linked.check(booking.user.links_version)
    return BookingAccess(booking, BookingUrls.for_link(token))


for_owner_or_link = owner_or_link(
    owned=own_booking, linked=linked_booking, owner=lambda access: access.booking.user_id
)


@require_safe
@login_required
def my_bookings(request: HttpRequest) -> HttpResponse:
    """List the current user's upcoming bookings, or those that are past or cancelled."""
    is_past = bool(request.GET.get("past"))
    at = now()
    page = _page(current_user(request).pk, is_past, request.GET.get("cursor", ""), at=at)
    checks = {} if is_past else attendance_queries.attendance_of(page.rows)
    context = {
        "bookings": [
            BookingPresenter(booking, at=at, check=checks.get(booking.pk)) for booking in page.rows
        ],
        "is_past": is_past,
        "has_older": is_past and has_older(current_user(request).created_at, at=at),
        **links_of(page, request.GET, kept=["past"]),
    }
    return render(request, "bookings/list.html", context)


def has_older(since: datetime, *, at: datetime) -> bool:
    """Return whether a user since a moment may have bookings that have left for cold storage."""
    return since < at - LISTED_FOR


def is_upcoming(at: datetime) -> Q:
    """Return the condition for bookings that hold seats of an event that is still to come."""
    is_cancelled = Q(event__status=EventStatus.CANCELLED)
    return Q(status__in=HOLDING_SEATS) & ~is_cancelled & ~over_by(at, prefix="event__")


def _listed(user_id: UUID, is_past: bool, *, at: datetime) -> "QuerySet[Booking]":
    ordering = ORDERING[is_past]
    if is_past:
        return queries.booking_history(user_id=user_id).order_by(*ordering).exclude(is_upcoming(at))
    # No archived one is upcoming.
    return queries.recent_bookings(user_id=user_id).order_by(*ordering).filter(is_upcoming(at))


FIRST_UPCOMING = PreparedQuery(
    lambda user_id, at: _listed(user_id, False, at=at)[: BOOKINGS_PER_PAGE + 1],
    user_id=UUID,
    at=datetime,
)


def _page(user_id: UUID, is_past: bool, cursor: str, *, at: datetime) -> Page:
    ordering, size = ORDERING[is_past], BOOKINGS_PER_PAGE
    if not is_past and not cursor:
        return first_page(FIRST_UPCOMING.rows(user_id=user_id, at=at), ordering=ordering, size=size)
    listed = _listed(user_id, is_past, at=at)
    return page_of(listed, ordering=ordering, size=size, cursor=cursor)


@require_safe
@for_owner_or_link
def booking_detail(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    at = queries.read_at(access.booking)
    context = _context(access, at=at)
    context["tickets"] = (
        []
        if access.booking.is_ended
        else present_tickets(access.booking, access.urls, at=at, holder_name=access.holder_name)
    )
    return render(request, "bookings/detail.html", context)


@require_safe
@for_owner_or_link
def booking_done(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    """Show the confirmation page; of a booking cancelled since, its own page."""
    if access.booking.is_ended:
        return redirect(access.urls.detail)
    at = queries.read_at(access.booking)
    check = attendance_queries.attendance_of([access.booking]).get(access.booking.pk)
    booking = BookingPresenter(access.booking, at=at, check=check)
    context = {"booking": booking, "attendance": booking.attendance, "by_link": access.urls.by_link}
    own = _own(request, access)
    if booking.is_pending:
        # It shows more that is this booking's own.
        return render(request, "bookings/done.html", context | own)
    key = shown_when_done(booking, by_link=access.urls.by_link)
    name = (booking.event_id, booking.quantity)
    return KeptPage("bookings/done.html", name, key, context, own).response(request)


def _own(request: HttpRequest, access: BookingAccess) -> dict[str, Any]:
    """Return the texts of the confirmation page that are the owner's own."""
    links = {"calendar_links": calendar_links(access.booking)}
    return {
        "reference": access.booking.booking_reference,
        "detail_url": access.urls.detail,
        "calendar_url": access.urls.calendar,
        "calendars": render_to_string("bookings/_calendars.html", links),
        "email": "" if access.urls.by_link else current_user(request).email,
        **_address(request, access),
    }


def _address(request: HttpRequest, access: BookingAccess) -> dict[str, Any]:
    """Return the address that the tickets go to, for the browser in which a guest typed it.

    It looks the same whether or not the address has an account that can be corrected, and however
    that account spells it.
    """
    if not access.urls.by_link or not may_correct_address(request, access.booking.pk):
        return {}
    return {
        "address": access.booking.user.email.lower(),
        "correct_url": f"{access.urls.done}address/",
    }


def _context(access: BookingAccess, *, at: datetime) -> dict[str, Any]:
    check = attendance_queries.attendance_of([access.booking]).get(access.booking.pk)
    booking = BookingPresenter(access.booking, at=at, check=check)
    return {
        "booking": booking,
        "attendance": booking.attendance,
        "idempotency_key": new_idempotency_key(),
        "can_cancel": booking.can_cancel,
        "can_cancel_until": access.booking.event.cancellable_until,
        "urls": access.urls,
        "calendar_links": calendar_links(access.booking),
        "by_link": access.urls.by_link,
    }


@require_POST
@for_owner_or_link
def email_tickets(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    """Email the tickets of a booking to its owner again."""
    booking = access.booking
    try:
        operations.send_tickets_again(
            event_id=booking.event_id, booking_id=booking.pk, by_id=booking.user_id
        )
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, "Your tickets are on their way to your email address.")
    return redirect(access.urls.detail)


@require_get_or_post
@for_owner_or_link
def cancel_booking(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    """Ask for confirmation; a POST cancels."""
    booking, urls = access.booking, access.urls
    context = {
        "booking": BookingPresenter(booking, at=now()),
        "form": IdempotentForm(request.POST or None),
        "back_url": urls.detail,
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
    messages.success(request, "Your booking has been cancelled.")
    return redirect(urls.detail)


@require_safe
@for_owner_or_link
def booking_calendar(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    response = HttpResponse(calendar_for(access.booking), content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


@require_safe
@for_owner_or_link
def ticket_qr(request: HttpRequest, access: BookingAccess, ticket_id: UUID) -> HttpResponse:
    """Return the QR code of a ticket (SVG). Raises TicketNotFound."""
    if access.booking.is_ended:
        raise queries.TicketNotFound
    ticket = queries.active_ticket(access.booking, ticket_id=ticket_id)
    return HttpResponse(qr_svg(ticket), content_type="image/svg+xml")
