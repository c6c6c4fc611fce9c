"""The admin's front page: an organizer's figures, drawn on the server."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.timezone import get_current_timezone

from boxoffice.backoffice.analytics import DAYS_DRAWN, dashboard_figures
from boxoffice.backoffice.analytics_words import (
    age_text,
    lost_age_text,
    lost_by_reason,
    lost_summary,
    outcomes,
)
from boxoffice.backoffice.site_figures import (
    LONGEST,
    PERIODS,
    by_currency,
    roll_up_states,
    site_figures,
    site_funnel,
    system_totals,
)
from boxoffice.backoffice.todos import todos
from boxoffice.figures.lost_demand import lost_demand_until, refused_people, roll_ups
from boxoffice.figures.reading import done_until
from evently.database.clock import now
from evently.formatting import counted, money, span
from events.admin import cells
from events.admin.events import overview_url
from events.models import Event, Resolution, RollUp

CHART_HEIGHT = 120
# Width of a day in the chart, and of its bar.
DAY, BAR = 20, 14


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the context of the front page (UNFOLD's DASHBOARD_CALLBACK)."""
    at = now()
    figures = dashboard_figures(user=request.user, at=at)
    return {
        **context,
        "title": "Dashboard",
        "figures": figures,
        "fill": round(figures.fill),
        "sold": f"{figures.seats_sold:,}",
        "capacity": f"{figures.capacity:,}",
        "all_events": figures.all_events,
        "booked_value": [money(amount, currency) for currency, amount in figures.booked_value],
        "chart": sales_chart(figures.sold_by_day),
        "todos": todos(user=request.user, at=at),
        "demand": [_demand_row(event) for event in figures.highest_demand],
        "days": DAYS_DRAWN,
        **_figures_of_all(request, at=at),
    }


def sales_chart(sold_by_day: list[tuple[date, int]]) -> dict[str, Any]:
    """Return the drawing of seats sold per day: bars with their titles, and the axis labels."""
    most = max((seats for _, seats in sold_by_day), default=0)
    scale = CHART_HEIGHT / most if most else 0
    bars = [
        {
            "x": number * DAY + (DAY - BAR) // 2,
            "y": f"{CHART_HEIGHT - seats * scale:.1f}",
            "height": f"{seats * scale:.1f}",
            "title": f"{day:%a} {day.day} {day:%b}: {counted(seats, 'seat')}",
        }
        for number, (day, seats) in enumerate(sold_by_day)
    ]
    first, last = sold_by_day[0][0], sold_by_day[-1][0]
    return {
        "bars": bars,
        "width": len(bars) * DAY,
        "height": CHART_HEIGHT,
        "bar": BAR,
        "most": most,
        "total": sum(seats for _, seats in sold_by_day),
        "first": f"{first.day} {first:%b}",
        "last": f"{last.day} {last:%b}",
    }


def _figures_of_all(request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    """Return what comes from the roll-ups; and for superusers, totals of the site."""
    zone = get_current_timezone()
    managed = Event.objects.managed_by(request.user)
    site = site_figures(managed, at=at)
    rolled_up = roll_ups(managed)
    # Before the first run there is nothing to read.
    since = (at - LONGEST).date() + timedelta(days=1)
    is_counted = done_until(rolled_up, RollUp.LOST_DEMAND) is not None
    refused = refused_people(managed, first=since) if is_counted else []
    context = {
        "age": age_text(done_until(rolled_up, Resolution.DAY), zone, at=at),
        "by_currency": by_currency(site, refused),
        "funnel": site_funnel(site),
        "lost": lost_by_reason(refused),
        "lost_age": lost_age_text(lost_demand_until(rolled_up), zone, at=at),
        "outcomes": outcomes(refused),
        "lost_summary": lost_summary(refused),
    }
    if not request.user.is_superuser:
        return context
    states = roll_up_states(rolled_up, at=at, zone=zone)
    return context | {
        "periods": ["Today", *(f"{days} days" for days in PERIODS[1:])],
        "totals": system_totals(site),
        "roll_ups": states,
        "differs": any(state["differs"] for state in states),
    }


def _demand_row(event: Any) -> dict[str, Any]:
    return {
        "name": event.name,
        "url": overview_url(event),
        "starts": span(event.event_date, event.ends_at, event.zone),
        "bar": cells.seats_bar(
            total=event.total_capacity, booked=event.booked_seats, held=event.held_seats
        ),
        "waiting_entries": event.waiting_entries,
        "demand": round(100 * event.demand),
        "price": cells.price(event),
        "booked_value": money(event.booked_value, event.currency) if event.booked_value else "–",
    }
