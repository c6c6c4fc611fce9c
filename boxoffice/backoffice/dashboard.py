"""The admin's front page: an organizer's figures, drawn on the server."""

from typing import Any

from django.http import HttpRequest

from boxoffice.backoffice.figures import DAYS_DRAWN, Dashboard, dashboard
from evently.database.clock import now
from evently.formatting import counted, moment, money
from events.admin import cells
from events.admin.events import change_url

REASONS = {
    "sold_out": "Sold out",
    "waitlist_first": "Kept for the line",
    "price_changed": "The price had risen",
    "sales_closed": "Sales closed",
    "person_limit": "More than one person may have",
    "booking_limit": "More than one booking may have",
    "event_busy": "Too many at once",
    "price_required": "No price was sent",
    "invalid": "Made no sense",
}
CHART_HEIGHT = 120
# Width of a day in the chart, and of its bar.
DAY, BAR = 20, 14


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard's figures to the front page's context (UNFOLD's DASHBOARD_CALLBACK)."""
    figures = dashboard(user=request.user, at=now())
    return {
        **context,
        "title": "Dashboard",
        "figures": figures,
        "fill": round(figures.fill),
        "sold": f"{figures.seats_sold:,}",
        "capacity": f"{figures.capacity:,}",
        "revenue": [money(amount, currency) for currency, amount in figures.revenue],
        "chart": sales_chart(figures),
        "lost": [
            {
                "reason": REASONS.get(reason, reason.replace("_", " ").capitalize()),
                "attempts": attempts,
                "seats": seats,
                "share": round(100 * attempts / max(count for _, count, _ in figures.lost)),
            }
            for reason, attempts, seats in figures.lost
        ],
        "demand": [_demand_row(event) for event in figures.demand],
        "days": DAYS_DRAWN,
    }


def sales_chart(figures: Dashboard) -> dict[str, Any]:
    """Return the drawing of seats sold a day: bars with their words, and the axis' ends."""
    most = max((seats for _, seats in figures.sold_by_day), default=0)
    scale = CHART_HEIGHT / most if most else 0
    bars = [
        {
            "x": number * DAY + (DAY - BAR) // 2,
            "y": f"{CHART_HEIGHT - seats * scale:.1f}",
            "height": f"{seats * scale:.1f}",
            "words": f"{day:%a} {day.day} {day:%b}: {counted(seats, 'seat')}",
        }
        for number, (day, seats) in enumerate(figures.sold_by_day)
    ]
    first, last = figures.sold_by_day[0][0], figures.sold_by_day[-1][0]
    return {
        "bars": bars,
        "width": len(bars) * DAY,
        "height": CHART_HEIGHT,
        "bar": BAR,
        "most": most,
        "total": sum(seats for _, seats in figures.sold_by_day),
        "first": f"{first.day} {first:%b}",
        "last": f"{last.day} {last:%b}",
    }


def _demand_row(event: Any) -> dict[str, Any]:
    return {
        "name": event.name,
        "url": change_url(event),
        "starts": moment(event.event_date, event.zone, with_zone=False),
        "bar": cells.seats_bar(total=event.total_capacity, booked=event.booked, held=event.held),
        "in_line": event.in_line,
        "waiting": event.waiting,
        "wanted": round(100 * event.wanted),
        "price": cells.price(event),
        "revenue": money(event.revenue, event.currency) if event.revenue else "–",
    }
