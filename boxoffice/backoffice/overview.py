"""The page that an event opens with in the admin: its state, what comes next, and its figures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.enums import ActionVariant

from bookings.attendance_queries import attendance_figures
from bookings.models import HOLDING_SEATS, BookingStatus
from bookings.queries import sums_of_event
from boxoffice.backoffice.analytics import (
    DAYS_DRAWN,
    sold_by_day,
    with_booked_value,
    with_seats,
)
from boxoffice.backoffice.analytics_words import lost_by_reason, outcomes
from boxoffice.backoffice.dashboard import sales_chart
from boxoffice.backoffice.mail_failures import failed_emails
from boxoffice.figures.lost_demand import refused_people
from evently.admin.tabs import add_page, event_page_url, tabs_context
from evently.database.clock import now
from evently.formatting import counted, moment, money, span
from evently.links import absolute
from events.admin import cells
from events.changes import announcement_text
from events.models import Event
from waitlists.models import OPEN_STATUSES, Promotion, PromotionStatus, WaitlistEntry


@dataclass(frozen=True)
class Step:
    """What the organizer can do next. url: where the button leads; "" for no button."""

    title: str
    text: str
    button: str = ""
    url: str = ""


def overview_page(request: HttpRequest, event: Event) -> HttpResponse:
    at = now()
    state = cells.state_of(event, at=at)
    figures: Any = with_booked_value(with_seats(Event.objects.filter(pk=event.pk))).get()
    this_event = Event.objects.filter(pk=event.pk)
    model_admin: Any = admin.site.get_model_admin(Event)
    refused = refused_people([event.pk])
    return TemplateResponse(
        request,
        "admin/events/overview.html",
        {
            **admin.site.each_context(request),
            **tabs_context(event, current="overview"),
            "opts": Event._meta,
            "title": event.name,
            "event": event,
            "state": state,
            "state_kind": cells.STATE_STYLES[state],
            "starts": span(event.event_date, event.ends_at, event.zone),
            "last_change": announcement_text(event.last_change, event.zone)
            if event.last_change
            else "",
            "step": next_step(event, figures, at=at),
            "actions": _actions(model_admin, request, event),
            "share_url": absolute(reverse("event_detail", args=[event.pk]))
            if event.is_published
            else "",
            "figures": figures,
            "bar": cells.seats_bar(
                total=event.total_capacity, booked=figures.booked_seats, held=figures.held_seats
            ),
            "price_now": "Free" if event.is_free else f"{cells.price(event)} per seat now",
            "booked_value": money(figures.booked_value, event.currency),
            "bookings": _booking_counts(event),
            "offers": _open_offers(event),
            "attendance": attendance_figures(event) if event.ask_days_before is not None else None,
            "failed_emails": failed_emails(this_event).count(),
            "chart": sales_chart(sold_by_day(this_event, at=at)),
            "lost": lost_by_reason(refused),
            "outcomes": outcomes(refused),
            "days": DAYS_DRAWN,
            "urls": {
                key: event_page_url(key, event.pk)
                for key in ("attendees", "waitlist", "analytics", "messages")
            },
            "cancellation": cancellation_progress(event) if event.is_cancelled else None,
        },
    )


def next_step(event: Event, figures: Any, *, at: datetime) -> Step | None:
    """Return what to do next about an event; None where its state needs no words.

    figures: the event with the annotations of `with_seats`.
    """
    if event.is_cancelled:
        return None
    if event.is_over(at=at):
        return Step("This event is over", f"It began on {moment(event.event_date, event.zone)}.")
    if not event.is_published:
        return Step(
            "This event is a draft",
            "Only organizers can see it. Publish it to let attendees find and book it.",
            "Publish…",
            reverse("admin:events_event_publish", args=[event.pk]),
        )
    if event.has_started(at=at):
        return Step(
            "This event is on now",
            f"{counted(figures.booked_seats, 'seat')} booked.",
            "Attendees",
            event_page_url("attendees", event.pk),
        )
    if event.is_before_sales(at=at):
        return Step(
            "Sales have not started",
            f"They start on {moment(event.sales_start_at, event.zone)}. "
            "Attendees can already find the event.",
        )
    if not event.is_on_sale(at=at):
        return Step("Sales have ended", f"{counted(figures.booked_seats, 'seat')} booked.")
    if event.has_pending_draw:
        return _draw_step(event, at=at)
    if not event.available_seats:
        waiting = counted(figures.waiting_entries, "waitlist entry", "waitlist entries")
        return Step("All seats are taken", f"{waiting}. If you can, raise the number of seats.")
    return Step(f"{counted(event.available_seats, 'seat')} left", "Share the link to the event.")


def _draw_step(event: Event, *, at: datetime) -> Step:
    closes = moment(event.draw_closes_at, event.zone)
    text = f"People can join the draw until {closes}. No seats are sold before the result."
    if event.draw_closes_at is not None and event.draw_closes_at <= at:
        text = f"It closed on {closes}. Seats are offered in the order drawn."
    return Step("Seats are drawn by lot", text, "Draw", event_page_url("draw", event.pk))


def _actions(model_admin: Any, request: HttpRequest, event: Event) -> list[dict[str, Any]]:
    """Return the links to what can be done with the event, without what `next_step` offers."""
    return [
        {
            "title": action.description,
            "url": reverse(f"admin:{action.action_name}", args=[event.pk]),
            "danger": action.variant == ActionVariant.DANGER,
        }
        for action in model_admin.get_actions_detail(request, str(event.pk))
        if not action.action_name.endswith("_publish")
    ]


def _booking_counts(event: Event) -> dict[str, int]:
    sums = sums_of_event(event.pk)
    return {
        "held": sum(sums[status].bookings for status in HOLDING_SEATS),
        "cancelled": sums[BookingStatus.CANCELLED].bookings,
    }


def _open_offers(event: Event) -> dict[str, Any]:
    """Return the number of open offers, and when the next one expires, as text."""
    offers = Promotion.objects.filter(event_id=event.pk, status=PromotionStatus.PENDING).aggregate(
        number=Count("pk"), until=Min("expires_at")
    )
    return {"number": offers["number"], "until": moment(offers["until"], event.zone)}


def cancellation_progress(event: Event) -> dict[str, Any]:
    """Return what of a cancelled event is done and left: counted now, not stored."""
    counts = _booking_counts(event)
    bookings = {"left": counts["held"], "done": counts["cancelled"]}
    entries = WaitlistEntry.objects.filter(event_id=event.pk).aggregate(
        left=Count("pk", filter=Q(status__in=OPEN_STATUSES)),
        done=Count("pk", filter=~Q(status__in=OPEN_STATUSES)),
    )
    left, done = bookings["left"] + entries["left"], bookings["done"] + entries["done"]
    return {
        "reason": event.cancel_reason,
        "bookings": bookings,
        "entries": entries,
        "left": left,
        "percent": round(100 * done / (left + done)) if left + done else 100,
    }


add_page("Overview", "overview", "Overview", view=overview_page)
