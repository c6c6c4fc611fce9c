"""An event's page: what it is, its seats and price live, and what the reader can do."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.forms import QuantityForm
from evently.database.clock import now
from events.locks import EventNotFound
from events.models import Event
from events.presenters import EventPresenter
from events.price_chart import DRAWN_CHANGES, price_chart
from events.queries import price_changes, public_event
from waitlists.availability import Availability, availability_for


@require_safe
@never_cache
def event_detail(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show an event."""
    event = _public(event_id)
    context = _panel(request, event)
    changes = price_changes(event_id=event.pk, most=DRAWN_CHANGES)
    context["chart"] = price_chart(event, changes, at=context["now"])
    return render(request, "events/detail.html", context)


@require_safe
@never_cache
def event_seats(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show an event's seats as they are now; the whole panel, if it must offer something else.

    `state` says what the page offers.
    """
    context = _panel(request, _public(event_id))
    availability: Availability = context["availability"]
    if request.GET.get("state", availability.state) == availability.state:
        return render(request, "events/_seats.html", context)
    response = render(request, "events/_panel.html", context)
    response.headers["HX-Retarget"] = "#panel"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _public(event_id: UUID) -> Event:
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    return event


def _panel(request: HttpRequest, event: Event) -> dict[str, Any]:
    """Return what the panel of an event shows to a reader."""
    at = now()
    shown = EventPresenter(event, at=at)
    availability = availability_for(event, user=request.user, at=at, closed_text=shown.closed_text)
    most = min(event.max_per_booking, max(event.available_seats, 1))
    return {
        "event": shown,
        "now": at,
        "availability": availability,
        "seats": availability.seats,
        "mine": availability.participation,
        "form": QuantityForm(most=most),
        "wants_more": event.available_seats < event.max_per_booking,
    }
