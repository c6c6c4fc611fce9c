"""The page of an event: description, price history, live seats, booking and waitlist."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.forms import QuantityForm
from boxoffice.storefront.presenters import NO_WAITLIST, with_seats
from boxoffice.storefront.visitors import read_event
from evently.database.clock import now
from evently.page_parts import Frame, slot
from evently.pages import site
from evently.shared_pages import (
    TOP,
    Built,
    Filled,
    Seen,
    is_visitor,
    shared_page,
    top_of,
    visitors_page,
    visitors_top,
)
from events.locks import EventNotFound
from events.models import Event
from events.moments import MINUTE, QUARTER, moments_of, next_change
from events.presenters import EventPresenter
from events.price_chart import DRAWN_CHANGES, price_chart
from events.queries import price_changes, public_event
from events.sale import sale_of
from events.structured import json_ld
from waitlists.availability import Availability, availability_for, has_part_in
from waitlists.draw_presenters import DrawPresenter, draw_of
from waitlists.record.heads import head_of
from waitlists.rules_text import order_text

DETAIL, SEATS, PANEL = "events/detail.html", "events/_seats.html", "events/_panel.html"
VISITOR = AnonymousUser()


def _seats_part(panel: Mapping[str, Any]) -> dict[str, SafeString]:
    return {"seats": render_to_string(SEATS, dict(panel))}


def _detail_parts(panel: Mapping[str, Any]) -> dict[str, SafeString]:
    """Return the parts of events/detail.html that show seats. panel: context of the panel."""
    return {
        "structured": json_ld(panel["event"], sale=panel["seats"]),
        "panel": render_to_string(PANEL, dict(panel)),
        "bar": render_to_string("events/_bar.html", dict(panel)),
    }


@require_safe
@never_cache
def event_detail(request: HttpRequest, event_id: UUID) -> HttpResponse:
    user = None if is_visitor(request) else request.user
    if user is None or not has_part_in(event_id, user):
        page = shared_page(
            ("event", event_id),
            read=partial(read_event, event_id),
            build=partial(_build_detail, request, event_id),
        )
        if page is not None and user is None:
            return page.response(request)
        if page is not None and page.built.is_for_users:
            return HttpResponse(page.with_top(top_of(request)))
    panel = _panel(request.user, _event_or_404(event_id))
    parts = _detail_parts(panel) | {TOP: top_of(request)}
    return render(request, DETAIL, _detail(request.user, panel) | {"parts": parts})


def _detail(user: Any, panel: dict[str, Any]) -> dict[str, Any]:
    """Return the context of events/detail.html, apart from its parts."""
    event, at = panel["event"].row, panel["now"]
    draw, head = panel["availability"].draw, head_of(event.pk)
    if head and draw is None:
        draw = draw_of(event, at=at, user=user)
    changes = price_changes(event_id=event.pk, most=DRAWN_CHANGES)
    return {
        "event": panel["event"],
        "now": at,
        "waitlist_order": order_text(event),
        "record_head": head,
        "draw": draw,
        "chart": price_chart(event, changes, at=at),
    }


def _build_detail(request: HttpRequest, event_id: UUID) -> Built:
    """Render the page for all visitors."""
    panel = _panel(VISITOR, _event_or_404(event_id))
    context = _detail(VISITOR, panel)
    slots = {name: slot(name) for name in (TOP, "structured", "panel", "bar")}
    text = render_to_string(DETAIL, context | site() | {"parts": slots})
    step = MINUTE if context["chart"] else QUARTER
    built = _built(text, panel, _detail_parts, draw=context["draw"], step=step)
    # Users see the times of a draw in their own time zone, too.
    return replace(
        built, top=partial(visitors_top, request.path), is_for_users=context["draw"] is None
    )


def _built(
    text: str,
    panel: dict[str, Any],
    parts_of: Callable[[Mapping[str, Any]], Mapping[str, str]],
    *,
    draw: DrawPresenter | None,
    step: timedelta = QUARTER,
) -> Built:
    """Return a page whose parts are rendered anew with other seats."""
    frame = Frame(text)

    def fill(seen: Seen) -> Filled:
        shown = panel if seen.moving is None else _panel_with(panel, seen.moving, at=seen.at)
        parts = {TOP: slot(TOP), **parts_of(shown)}
        return Filled(frame.filled(parts), state=shown["availability"].state)

    moments = moments_of(panel["event"].row)
    if draw:
        moments += [at for at in (draw.closes_at, draw.beacon_at, draw.reveal_by) if at]
    return Built(fill, until=next_change(moments, at=panel["now"], step=step))


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
        build=partial(_build_seats, request, event_id),
    )
    if page is not None and request.GET.get("state", page.state) == page.state:
        return page.response(request)
    context = _panel(request.user, _event_or_404(event_id))
    availability: Availability = context["availability"]
    if request.GET.get("state", availability.state) == availability.state:
        return render(request, SEATS, context)
    response = render(request, PANEL, context)
    response.headers["HX-Retarget"] = "#panel"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _build_seats(request: HttpRequest, event_id: UUID) -> Built:
    panel = _panel(VISITOR, _event_or_404(event_id))
    return _built(slot("seats"), panel, _seats_part, draw=panel["availability"].draw)


def _event_or_404(event_id: UUID) -> Event:
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    return event


def _panel(user: Any, event: Event) -> dict[str, Any]:
    """Return the context of events/_panel.html for a user or visitor."""
    at = now()
    return _panel_of(event, availability_for(event, user=user, at=at), at=at)


def _panel_with(panel: dict[str, Any], seats: int, *, at: datetime) -> dict[str, Any]:
    """Return a visitor's panel with another number of available seats; no one waits for them."""
    event = with_seats(panel["event"].row, seats)
    sale = sale_of(event, at=at, waitlist=NO_WAITLIST)
    return _panel_of(event, replace(panel["availability"], sale=sale), at=at)


def _panel_of(event: Event, availability: Availability, *, at: datetime) -> dict[str, Any]:
    most = min(availability.sale.most_per_booking, max(event.available_seats, 1))
    return {
        "event": EventPresenter(event, at=at),
        "now": at,
        "availability": availability,
        "seats": availability.sale,
        "mine": availability.participation,
        "form": QuantityForm(most=most),
        "wants_more": event.available_seats < event.most_to_wait_for,
    }
