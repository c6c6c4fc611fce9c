"""The page of an event: description, price history, live seats, booking and waitlist."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.forms import QuantityForm
from boxoffice.storefront.visitors import read_event
from evently.database.clock import now
from evently.shared_pages import Built, visitors_page
from events.locks import EventNotFound
from events.models import Event
from events.moments import MINUTE, QUARTER, moments_of, next_change
from events.presenters import EventPresenter
from events.price_chart import DRAWN_CHANGES, price_chart
from events.queries import price_changes, public_event
from events.structured import json_ld
from waitlists.availability import Availability, availability_for
from waitlists.draw_presenters import draw_of
from waitlists.record.heads import head_of
from waitlists.rules_text import order_text


@require_safe
@never_cache
def event_detail(request: HttpRequest, event_id: UUID) -> HttpResponse:
    page = visitors_page(
        request,
        ("event", event_id),
        read=partial(read_event, event_id),
        build=partial(_build, request, event_id, "events/detail.html", _detail),
    )
    if page is not None:
        return page.response(request)
    return render(request, "events/detail.html", _detail(request, _event_or_404(event_id)))


def _detail(request: HttpRequest, event: Event) -> dict[str, Any]:
    """Return the context of events/detail.html."""
    context = _panel(request, event)
    context["waitlist_order"] = order_text(event)
    changes = price_changes(event_id=event.pk, most=DRAWN_CHANGES)
    context["json_ld"] = json_ld(context["event"], sale=context["seats"])
    context["record_head"] = head_of(event.pk)
    context["draw"] = context["availability"].draw
    if context["record_head"] and context["draw"] is None:
        context["draw"] = draw_of(event, at=context["now"], user=request.user)
    context["chart"] = price_chart(event, changes, at=context["now"])
    return context


def _build(
    request: HttpRequest,
    event_id: UUID,
    template: str,
    context_of: Callable[[HttpRequest, Event], dict[str, Any]],
) -> Built:
    """Render a page for all visitors."""
    event = _event_or_404(event_id)
    context = context_of(request, event)
    moments = moments_of(event)
    if draw := context.get("draw") or context["availability"].draw:
        moments += [at for at in (draw.closes_at, draw.beacon_at, draw.reveal_by) if at]
    step = MINUTE if context.get("chart") else QUARTER
    return Built(
        content=render_to_string(template, context, request).encode(),
        until=next_change(moments, at=context["now"], step=step),
        state=context["availability"].state,
    )


@require_safe
@never_cache
def event_seats(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Return the current seats; or the whole panel, when the page offers something else by now.

    The query parameter `state` is the `Availability.state` that the page shows.
    """
    page = visitors_page(
        request,
        ("seats", event_id),
        read=partial(read_event, event_id),
        build=partial(_build, request, event_id, "events/_seats.html", _panel),
    )
    if page is not None and request.GET.get("state", page.state) == page.state:
        return page.response(request)
    context = _panel(request, _event_or_404(event_id))
    availability: Availability = context["availability"]
    if request.GET.get("state", availability.state) == availability.state:
        return render(request, "events/_seats.html", context)
    response = render(request, "events/_panel.html", context)
    response.headers["HX-Retarget"] = "#panel"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _event_or_404(event_id: UUID) -> Event:
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    return event


def _panel(request: HttpRequest, event: Event) -> dict[str, Any]:
    """Return the context of events/_panel.html for the current user."""
    at = now()
    presenter = EventPresenter(event, at=at)
    availability = availability_for(event, user=request.user, at=at)
    most = min(availability.sale.most_per_booking, max(event.available_seats, 1))
    return {
        "event": presenter,
        "now": at,
        "availability": availability,
        "seats": availability.sale,
        "mine": availability.participation,
        "form": QuantityForm(most=most),
        "wants_more": event.available_seats < event.most_to_wait_for,
    }
