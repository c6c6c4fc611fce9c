"""Development only: every template component on one page, with sample data."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evently.charts.axes import INNER, Scale, Tick, mark
from evently.charts.drawing import Chart, area, line

NAMES = ("Jazz on the roof", "Clay for beginners", "A very long evening of very short films")


class SampleForm(forms.Form):
    quantity = forms.IntegerField(widget=forms.NumberInput(attrs={"min": 1, "max": 10}))
    name = forms.CharField()
    email = forms.EmailField()
    kind = forms.ChoiceField(choices=[("a", "One"), ("b", "Another")])
    note = forms.CharField(required=False, widget=forms.Textarea, help_text="Anything you like.")
    agree = forms.BooleanField(label="I agree")
    choice = forms.ChoiceField(choices=[("a", "This"), ("b", "That")], widget=forms.RadioSelect)


def _event(number: int, now: datetime) -> SimpleNamespace:
    return SimpleNamespace(
        id=UUID(int=number),
        pk=UUID(int=number),
        name=NAMES[number],
        venue="Old Mill, Ghent",
        event_date=now + timedelta(days=9 * number + 3),
        timezone="Europe/Brussels",
        current_price=Decimal(number * 12),
        currency="EUR",
        cover=number * 3,
        tone=number * 5,
        available_seats=(40, 3, 0)[number],
        total_capacity=50,
        is_cancelled=False,
        is_over=False,
        is_running=False,
        ends_at=now + timedelta(days=9 * number + 3 + (number % 3), hours=3),
        is_paid_at_door=True,
    )


def _seats(label: str, tone: str, available: int, *, waiting: int = 0) -> SimpleNamespace:
    return SimpleNamespace(
        label=label,
        tone=tone,
        available=available,
        taken=50 - available,
        total=50,
        waiting=waiting,
        is_open=tone != "closed",
        can_book=tone in ("", "few"),
        can_join=tone == "full",
    )


def _chart(now: datetime) -> SimpleNamespace:
    """Return a chart between the bounds of a price rule."""
    x, y = Scale(0, 10), Scale(16, 36, *INNER)
    drawn = line(
        "main", "Price", [(0, 20), (3, 28), (6, 24), (10, 24)], x, y, stepped=True, dotted=True
    )
    return SimpleNamespace(
        drawing=Chart(
            summary="The price started at €20.00, has changed 2 times and is now €24.00. "
            "It has never been below €20.00 or above €28.00. The price rule keeps it between "
            "€16.00 and €36.00.",
            lines=[drawn],
            bands=[area(drawn)],
            marks=[
                mark(36, "Maximum €36.00", y, style="bound"),
                mark(28, "€28.00", y),
                mark(20, "€20.00", y, is_below=True),
                mark(16, "Minimum €16.00", y, style="bound", is_below=True),
            ],
            ticks=[Tick(0, "1 Jun"), Tick(100, "1 Jul")],
        ),
        currency="EUR",
        zone="Europe/Brussels",
        zone_name="Brussels time",
        all_url="",
        rows=[
            SimpleNamespace(
                at=now,
                price=Decimal(24),
                reason="82% sold, 9 days left: demand is behind plan",
                by="by the price rule, between €16.00 and €36.00",
            )
        ],
    )


def _steps(now: datetime) -> list[dict[str, Any]]:
    return [
        {"icon": "sparkles", "tone": "good", "title": "2 seats are held for you", "at": now},
        {
            "icon": "hourglass",
            "tone": "waiting",
            "title": "You joined the waitlist",
            "text": "For 2 seats.",
            "at": now - timedelta(days=2),
        },
    ]


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    now = datetime.now(UTC)
    events = [_event(number, now) for number in range(len(NAMES))]
    tickets = [
        SimpleNamespace(
            number=number,
            code="7KQ2 M9XW",
            holder_name="Ada",
            is_cancelled=number == 2,
            is_checked_in=False,
            qr_url="/static/img/mark.svg",
        )
        for number in (1, 2)
    ]
    context = {
        "events": events,
        "form": SampleForm({"email": "not-an-email", "quantity": "2"}),
        "seats_examples": [
            _seats("40 seats left", "", 40),
            _seats("Only 3 seats left", "few", 3),
            _seats("2 seats left, kept for the waitlist", "full", 2, waiting=5),
            _seats("Sold out", "full", 0, waiting=14),
            _seats("On sale from Fri 4 Dec 2026, 10:00 CET", "closed", 50),
        ],
        "deadline": now + timedelta(hours=3),
        "now": now,
        "chart": _chart(now),
        "moving_price": SimpleNamespace(
            bounds="The price moves between €16.00 and €36.00 with demand.",
            last_change="Last change: from €28.00 to €24.00 on Fri 4 Dec 2026, 20:00 CET, by the "
            "price rule. 82% sold, 9 days left: demand is behind plan.",
        ),
        "steps": _steps(now),
        "booking": SimpleNamespace(
            booking_reference="EVT202606127KQ2M9XWTA", is_pending=False, event=events[1]
        ),
        "tickets": tickets,
        "numbers": range(12),
    }
    return render(request, "gallery.html", context)
