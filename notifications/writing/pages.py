"""Pages with what the organizer has written to who booked or waits, with and without logging in.

Those who have no account open them from the page behind the link of an email.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.views import booking as booking_pages
from bookings.views.booking import BookingAccess
from evently.pages import current_user
from events.models import Event
from notifications.operations.reading import NotificationNotFound, mark_read
from notifications.writing.received import Opened, message_to, messages_to
from waitlists.views import entry as entry_pages
from waitlists.views.entry import OpenedEntry

LIST_TITLE = "Messages from the organizer"


@require_safe
@booking_pages.for_owner_or_link
def booking_messages(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    """List what the organizer has written to who booked."""
    back = {"back_url": access.urls.detail, "back_text": "Your booking"}
    return _list(request, _of_booking(request, access), access.urls.messages, back)


@require_safe
@booking_pages.for_owner_or_link
def booking_message(
    request: HttpRequest, access: BookingAccess, notification_id: UUID
) -> HttpResponse:
    opened = _of_booking(request, access)
    return _message(request, opened, notification_id, access.urls.messages)


@require_safe
@entry_pages.for_owner_or_link
def entry_messages(request: HttpRequest, opened: OpenedEntry) -> HttpResponse:
    """List what the organizer has written to who waits."""
    _, urls = opened
    back = {"back_url": urls.detail, "back_text": "Your place on the waitlist"}
    return _list(request, _of_entry(request, opened), urls.messages, back)


@require_safe
@entry_pages.for_owner_or_link
def entry_message(request: HttpRequest, opened: OpenedEntry, notification_id: UUID) -> HttpResponse:
    return _message(request, _of_entry(request, opened), notification_id, opened[1].messages)


def _of_booking(request: HttpRequest, access: BookingAccess) -> Opened:
    booking, by_link = access.booking, access.urls.by_link
    user = booking.user if by_link else current_user(request)
    return Opened(user, booking.event, booking.pk, by_link)


def _of_entry(request: HttpRequest, opened: OpenedEntry) -> Opened:
    entry, urls = opened
    user = entry.user if urls.by_link else current_user(request)
    return Opened(user, entry.event, None, urls.by_link)


def _list(request: HttpRequest, opened: Opened, url: str, context: dict[str, Any]) -> HttpResponse:
    event: Event = opened.event
    found = [(message, f"{url}{message.notification_id}/") for message in messages_to(opened)]
    context = {"event": event, "written": found, "heading": LIST_TITLE, **context}
    return render(request, "notifications/received.html", context)


def _message(
    request: HttpRequest, opened: Opened, notification_id: UUID, list_url: str
) -> HttpResponse:
    found = message_to(opened, notification_id)
    if found is None:
        raise Http404
    if request.method == "GET" and not opened.by_link:
        # Opening a link changes nothing; nor is every message in the inbox.
        with suppress(NotificationNotFound):
            mark_read(user_id=opened.user.pk, notification_id=notification_id)
    context = {
        "message": found,
        "back_url": list_url,
        "back_text": LIST_TITLE,
        # As on all pages of the booking.
        "in_zone": opened.event.timezone,
    }
    return render(request, "notifications/message.html", context)
