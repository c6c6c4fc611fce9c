"""The tab Analytics of an event: sales, funnel, lost demand, price and waitlist."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from boxoffice.backoffice.analytics_charts import price_chart, sales_chart, waitlist_chart
from boxoffice.backoffice.analytics_words import (
    OFFERS,
    age_text,
    funnel,
    lost_age_text,
    lost_by_reason,
    lost_summary,
    outcomes,
)
from boxoffice.figures.daily import Daily, daily_figures, sales_curve
from boxoffice.figures.lost_demand import lost_demand_until, refused_people, roll_ups
from boxoffice.figures.reading import done_until
from boxoffice.figures.registry import METRICS
from boxoffice.figures.sales_curves import SalesCurve, forecast, telling
from evently.admin.tabs import add_page, event_page_url, tabs_context
from evently.database.clock import now
from evently.formatting import counted
from events.models import Event, EventStatus, PriceChange, Resolution

KEY = "analytics"
# Earlier events that are drawn, and that the forecast is from.
DRAWN, TELLING = 3, 12
FUNNEL_DAYS = 30
MOST_CHANGES = 300


def analytics_page(request: HttpRequest, event: Event) -> HttpResponse:
    at = now()
    rolled_up = roll_ups([event.pk])
    until = done_until(rolled_up, Resolution.DAY)
    daily = daily_figures([event.pk]).get(event.pk, {})
    earlier = earlier_curves(event, user=request.user)
    refused = refused_people([event.pk])
    changes = PriceChange.objects.filter(event_id=event.pk).order_by("-applied_at", "-id")
    shown_until = min(at, event.event_date)
    return TemplateResponse(
        request,
        "admin/events/analytics.html",
        {
            **admin.site.each_context(request),
            **tabs_context(event, current=KEY),
            "opts": Event._meta,
            "title": event.name,
            "event": event,
            "age": age_text(until, event.zone, at=at),
            "lost_age": lost_age_text(lost_demand_until(rolled_up), event.zone, at=at),
            **_sales(event, sales_curve(event, daily), earlier, at=at),
            "funnel": _funnel(daily, until=shown_until),
            "funnel_days": FUNNEL_DAYS,
            "is_past": at > event.event_date,
            "price": price_chart(event, list(changes[:MOST_CHANGES]), at=shown_until),
            "waitlist": waitlist_chart(event, daily, at=shown_until),
            "offers": [
                {"label": label, "number": int(_total(daily, name))}
                for name, label in OFFERS.items()
            ],
            "lost": lost_by_reason(refused),
            "lost_summary": lost_summary(refused),
            "outcomes": outcomes(refused),
            "urls": {
                key: event_page_url(key, event.pk)
                for key in ("attempts", "prices", "waitlist", "price_rule")
            },
        },
    )


def earlier_curves(event: Event, *, user: Any) -> list[SalesCurve]:
    """Return the sales of the events before this one, the latest first; two queries.

    Of the same organizer, with seats booked, and only those that the user manages.
    """
    events = list(
        Event.objects.managed_by(user)
        .filter(
            event_date__lt=min(now(), event.event_date),
            created_by_id=event.created_by_id,
            published_at__isnull=False,
            available_seats__lt=F("total_capacity"),
        )
        .exclude(pk=event.pk)
        .exclude(status=EventStatus.CANCELLED)
        .order_by("-event_date", "-id")[:TELLING]
    )
    if not events:
        return []
    found = daily_figures([earlier.pk for earlier in events], names=["booked"])
    curves = [sales_curve(earlier, found.get(earlier.pk, {})) for earlier in events]
    return [curve for curve in curves if curve.seats]


def _sales(
    event: Event, curve: SalesCurve, earlier: list[SalesCurve], *, at: datetime
) -> dict[str, Any]:
    """Return the drawing of sales, and a sentence on the forecast or why there is none."""
    days = [moment.astimezone(event.zone).date() for moment in (event.event_date, at)]
    days_left = (days[0] - days[1]).days
    goes_on = event.is_active and event.is_published and at < event.event_date
    expected = forecast(curve, days_left=days_left, earlier=earlier) if goes_on else []
    told_by = len(telling(earlier, days_left=days_left))
    if not goes_on:
        note = ""
    elif not earlier:
        note = "No forecast: there is no earlier event with figures to compare with."
    elif not expected:
        note = "No forecast: the earlier events were already full so many days before."
    else:
        note = (
            "The forecast adds what earlier events gained from the same day on: the median of "
            f"{counted(told_by, 'event')}"
            + (
                ", and from the lowest to the highest of them."
                if told_by > 1
                else ", which says nothing about how far sales may differ."
            )
        )
    return {
        "sales": sales_chart(
            curve, days_left=days_left, earlier=earlier[:DRAWN], expected=expected
        ),
        "forecast_note": note,
    }


def _funnel(daily: Daily, *, until: datetime) -> Any:
    """Return the funnel of the days before a time."""
    since = until - timedelta(days=FUNNEL_DAYS)
    sums = {name: _total(daily, name, since=since) for name in daily}
    return funnel(sums, {name: metric.label for name, metric in METRICS.items()})


def _total(daily: Daily, name: str, *, since: datetime | None = None) -> Decimal:
    rows = daily.get(name, [])
    return sum((value for at, value in rows if since is None or at >= since), Decimal(0))


add_page("Analytics", KEY, "Analytics", view=analytics_page)
