"""The page of an event: description, price history, live seats, booking and waitlist."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.forms import QuantityForm
from boxoffice.storefront.presenters import with_seats
from boxoffice.storefront.visitors import Moving, read_event, waitlists_of
from evently.database.clock import now
from evently.page_parts import Frame, slot
from evently.page_views import PageKind, page_views
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
from events.models import Event, PriceChange
from events.moments import MINUTE, QUARTER, moments_of, next_change
from events.moving_price import moving_price
from events.presenters import EventPresenter
from events.price_chart import DRAWN_CHANGES, price_chart
from events.queries import price_bounds, price_changes, public_event
from events.sale import Sale, sale_of
from events.structured import json_ld
from waitlists.availability import Availability, availability_for, has_part_in
from waitlists.draw_presenters import DrawPresenter, draw_of
from waitlists.record.heads import head_of
from waitlists.rules_text import order_text

BAR, LINE, RECORD = "events/_bar.html", "components/seats_line.html", "components/record_head.html"
DETAIL, SEATS, PANEL = "events/detail.html", "events/_seats.html", "events/_panel.html"
VISITOR = AnonymousUser()
OF_WAITLIST = {name: slot(name) for name in ("seats", "line", "record")}
OF_DETAIL = OF_WAITLIST | {name: slot(name) for name in (TOP, "structured", "panel", "bar")}


def _seats_part(panel: Mapping[str, Any]) -> dict[str, str]:
    return {"seats": render_to_string(SEATS, dict(panel))}


def _parts_of_sale(panel: Mapping[str, Any], parts: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of events/detail.html that change with the sale, or are another user's.

    panel: context of events/_panel.html. parts: those of the waitlist.
    """
    context = {**panel, "parts": parts}
    return {
        "structured": json_ld(panel["event"], sale=panel["seats"]),
        "panel": render_to_string(PANEL, context),
        "bar": render_to_string(BAR, context),
    }


def _parts_of_waitlist(panel: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts that change with each place on the waitlist, too."""
    return {
        **_seats_part(panel),
        "line": render_to_string(LINE, dict(panel)),
        "record": render_to_string(RECORD, {"head": panel["head"], "event_id": panel["event"].id}),
    }


class DetailFrame:
    """The page without the parts that move; those of the sale stay while people join or book."""

    def __init__(self, text: str) -> None:
        self._page = Frame(text)
        self._kept: tuple[Sale, Frame] | None = None

    def around_waitlist(self, panel: Mapping[str, Any]) -> Frame:
        """Return the page without the parts of the waitlist."""
        kept, sale = self._kept, _around_numbers(panel)
        if kept is None or kept[0] != sale:
            parts = _parts_of_sale(panel, OF_WAITLIST) | OF_WAITLIST | {TOP: slot(TOP)}
            kept = self._kept = sale, Frame(self._page.filled(parts))
        return kept[1]


def _around_numbers(panel: Mapping[str, Any]) -> Sale:
    """Return a sale without what only the parts of the waitlist show.

    How many seats are available matters besides where one booking, or one place, could take all.
    """
    event: Event = panel["event"].row
    sale: Sale = panel["seats"]
    most = max(event.max_per_booking, event.most_to_wait_for)
    return replace(sale, waiting=0, label="", available=min(sale.available, most))


@require_safe
@never_cache
def event_detail(request: HttpRequest, event_id: UUID) -> HttpResponse:
    response = _event_detail(request, event_id)
    page_views.count(PageKind.EVENT, event_id, request)
    return response


def _event_detail(request: HttpRequest, event_id: UUID) -> HttpResponse:
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
    panel = _page_panel(request.user, _event_or_404(event_id))
    waiting = _parts_of_waitlist(panel)
    parts = waiting | _parts_of_sale(panel, waiting) | {TOP: top_of(request)}
    return render(request, DETAIL, _detail(request.user, panel) | {"parts": parts})


def _detail(user: Any, panel: dict[str, Any]) -> dict[str, Any]:
    """Return the context of events/detail.html, apart from its parts."""
    event, at = panel["event"].row, panel["now"]
    draw, head = panel["availability"].draw, panel["head"]
    if head and draw is None:
        draw = draw_of(event, at=at, user=user)
    changes = panel["changes"]
    is_drawn = changes or event.price_moves
    bounds = price_bounds(event_id=event.pk, most=DRAWN_CHANGES) if is_drawn else []
    return {
        "event": panel["event"],
        "now": at,
        "waitlist_order": order_text(event),
        "has_record": head is not None,
        "draw": draw,
        "chart": price_chart(event, changes, bounds, at=at),
    }


def _build_detail(request: HttpRequest, event_id: UUID) -> Built:
    """Render the page for all visitors."""
    panel = _page_panel(VISITOR, _event_or_404(event_id))
    context = _detail(VISITOR, panel)
    text = render_to_string(DETAIL, context | site() | {"parts": OF_DETAIL})
    step = MINUTE if context["chart"] else QUARTER
    around = DetailFrame(text).around_waitlist
    built = _built(panel, around, _parts_of_waitlist, draw=context["draw"], step=step)
    # Users see the times of a draw in their own time zone, too.
    top = lru_cache(1)(partial(visitors_top, request.path))
    return replace(built, top=top, is_for_users=context["draw"] is None)


def _built(
    panel: dict[str, Any],
    frame_of: Callable[[Mapping[str, Any]], Frame],
    parts_of: Callable[[Mapping[str, Any]], dict[str, str]],
    *,
    draw: DrawPresenter | None,
    step: timedelta = QUARTER,
) -> Built:
    """Return a page that is filled with other seats, and with another waitlist."""

    def fill(seen: Seen) -> Filled:
        shown = _panel_with(panel, seen.moving, at=seen.at)
        parts = parts_of(shown) | {TOP: slot(TOP)}
        return Filled(frame_of(shown).filled(parts), state=shown["state"])

    moments = moments_of(panel["event"].row)
    if draw:
        moments += [at for at in (draw.closes_at, draw.beacon_at, draw.reveal_by) if at]
    return Built(fill, until=next_change(moments, at=panel["now"], step=step))


@require_safe
@never_cache
def event_seats(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Return the current seats; or the whole panel, when the page offers something else by now.

    The query parameter `state` is the `state` of events/_panel.html that the page shows.
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
    if request.GET.get("state", context["state"]) == context["state"]:
        return render(request, SEATS, context)
    parts = _seats_part(context) | {"line": render_to_string(LINE, context)}
    swapped = context | {"parts": parts, "is_swapped": True}
    response = HttpResponse(render_to_string(PANEL, swapped) + render_to_string(BAR, swapped))
    response.headers["HX-Retarget"] = "#panel"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _build_seats(request: HttpRequest, event_id: UUID) -> Built:
    panel = _panel(VISITOR, _event_or_404(event_id))
    frame = Frame(slot("seats"))
    return _built(panel, lambda _: frame, _seats_part, draw=panel["availability"].draw)


def _event_or_404(event_id: UUID) -> Event:
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    return event


def _panel(user: Any, event: Event) -> dict[str, Any]:
    """Return the context of events/_panel.html for a user or visitor."""
    at = now()
    changes = price_changes(event_id=event.pk, most=1) if event.price_moves else []
    return _panel_after(event, changes, user=user, at=at)


def _panel_after(
    event: Event, changes: Sequence[PriceChange], *, user: Any, at: datetime
) -> dict[str, Any]:
    """Return the panel. changes: of the price, the newest first."""
    last_change = changes[0] if changes and event.price_moves else None
    availability = availability_for(event, user=user, at=at)
    return _panel_of(event, availability, last_change=last_change, at=at)


def _page_panel(user: Any, event: Event) -> dict[str, Any]:
    """Return what moves on events/detail.html: the panel, and the head of the waitlist's record.

    changes: of the price, as drawn.
    """
    at = now()
    changes = price_changes(event_id=event.pk, most=DRAWN_CHANGES + 1)
    panel = _panel_after(event, changes, user=user, at=at)
    return panel | {"head": head_of(event.pk), "changes": changes}


def _panel_with(panel: dict[str, Any], moving: Moving, *, at: datetime) -> dict[str, Any]:
    """Return a visitor's panel with other seats, and other people who wait for them."""
    event = with_seats(panel["event"].row, moving.seats)
    waitlist = waitlists_of({event.pk: moving})[event.pk]
    sale = sale_of(event, at=at, waitlist=waitlist)
    availability = replace(panel["availability"], sale=sale)
    shown = _panel_of(event, availability, last_change=panel["last_change"], at=at)
    return shown | {"head": moving.head}


def _panel_of(
    event: Event, availability: Availability, *, last_change: PriceChange | None, at: datetime
) -> dict[str, Any]:
    state = availability.state
    most = min(availability.sale.most_per_booking, max(event.available_seats, 1))
    return {
        "event": EventPresenter(event, at=at),
        "now": at,
        "availability": availability,
        # Seen by open pages, which ask for the panel again where it is another one.
        "state": f"{state}-{event.current_price}" if event.price_moves else state,
        "last_change": last_change,
        "moving_price": moving_price(event, availability.sale, last_change=last_change),
        "seats": availability.sale,
        "mine": availability.participation,
        "form": QuantityForm(most=most),
        "wants_more": event.available_seats < event.most_to_wait_for,
    }
