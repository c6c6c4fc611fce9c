"""The admin's front page: an organizer's figures, drawn on the server."""

from datetime import date
from typing import Any

from django.http import HttpRequest

from boxoffice.backoffice.analytics import DAYS_DRAWN, dashboard_figures
from boxoffice.backoffice.todos import todos
from evently.database.clock import now
from evently.formatting import counted, money, span
from events.admin import cells
from events.admin.events import overview_url

# What attempts failed for, by the code of the refusal.
REASONS = {
    "sold_out": "Sold out",
    "waitlist_first": "Held for the waitlist",
    "price_changed": "Price increased",
    "sales_closed": "Sales closed",
    "person_limit": "Limit per person reached",
    "booking_limit": "Limit per booking exceeded",
    "event_busy": "Event was busy",
    "guest_limit": "Many guests from one network",
    "rebooking_limit": "Booked and cancelled too often",
    "price_required": "Price missing",
    "invalid": "Invalid request",
}
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
        "booked_value": [money(amount, currency) for currency, amount in figures.booked_value],
        "chart": sales_chart(figures.sold_by_day),
        "lost": lost_rows(figures.lost_demand),
        "todos": todos(user=request.user, at=at),
        "demand": [_demand_row(event) for event in figures.highest_demand],
        "days": DAYS_DRAWN,
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


def lost_rows(lost_demand: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Return refused attempts for display, with the share of each reason as a percentage."""
    most = max((attempts for _, attempts, _ in lost_demand), default=0)
    return [
        {
            "reason": REASONS.get(reason, reason.replace("_", " ").capitalize()),
            "attempts": attempts,
            "seats": seats,
            "share": round(100 * attempts / most),
        }
        for reason, attempts, seats in lost_demand
    ]


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
