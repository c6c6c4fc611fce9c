"""A price that moves by a rule, in words and as a chart."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from events.models import Event, PaymentMode, PriceBounds, PriceChange
from events.moving_price import MovingPrice, moving_price
from events.price_chart import DRAWN_CHANGES, LISTED_CHANGES, price_chart
from events.price_models import ChangedBy
from events.sale import WaitlistSummary, sale_of

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
# Written out, as the name of a test must be the same on each worker of xdist.
ORGANIZER = "0190b0f4-5f5e-7c1e-9d3a-6f2f0c6b8a11"
REASON = "61% sold, 44 days left: demand is ahead of plan"


def event_of(price=26, *, floor=20, ceiling=40, **columns):
    return Event(
        **{
            "current_price": Decimal(price),
            "price_floor": None if floor is None else Decimal(floor),
            "price_ceiling": None if ceiling is None else Decimal(ceiling),
            "total_capacity": 100,
            "available_seats": 40,
            "payment_mode": PaymentMode.DOOR,
            "timezone": "Asia/Tokyo",
            "published_at": AT - 30 * DAY,
            "event_date": AT + 60 * DAY,
        }
        | columns
    )


def changes_of(*prices, every=DAY, applied_by="price rule v3", last=AT - DAY):
    """Return changes from one price to the next, newest first."""
    moves = list(pairwise(prices))[::-1]
    return [
        PriceChange(
            old_price=Decimal(old),
            new_price=Decimal(new),
            reason=REASON,
            applied_by=applied_by,
            applied_at=last - number * every,
        )
        for number, (old, new) in enumerate(moves)
    ]


def said_of(event, *changes, at=AT):
    event.next_rise = [Decimal(28), Decimal(80)]
    sale = sale_of(event, at=at, waitlist=WaitlistSummary())
    return moving_price(event, sale, last_change=changes[0] if changes else None)


def test_moving_price_says_how_far_why_and_when_it_rises():
    assert said_of(event_of(), *changes_of(24, 26)) == MovingPrice(
        "The price moves between €20.00 and €40.00 with demand.",
        "Last change: from €24.00 to €26.00 on Sun 28 Feb 2027, 21:00 JST, by the price rule. "
        "61% sold, 44 days left: demand is ahead of plan.",
        "From €28.00 after 20 more seats, as things stand.",
    )


@pytest.mark.parametrize(
    ("columns", "rise"),
    [
        ({"available_seats": 21}, "From €28.00 after 1 more seat, as things stand."),
        ({"available_seats": 20}, "May rise to €28.00 or more with its next change."),
        ({"available_seats": 2}, "May rise to €28.00 or more with its next change."),
        ({"price": 28}, ""),
        # At that price, no seat would be left.
        ({"total_capacity": 80, "available_seats": 20}, ""),
        ({"available_seats": 0}, ""),
        ({"sales_start_at": AT + DAY}, ""),
    ],
)
def test_next_rise_is_counted_from_the_seats_taken_now(columns, rise):
    said = said_of(event_of(**columns))
    assert said.last_change == "It has not changed yet."
    assert said.next_rise == rise


@pytest.mark.parametrize(
    "columns",
    [
        {"floor": None, "ceiling": None},
        {"floor": 26, "ceiling": 26},
        {"status": "cancelled"},
        {"sales_end_at": AT - DAY},
        {"event_date": AT - DAY},
    ],
)
def test_nothing_is_said_of_a_price_that_is_fixed_or_of_sales_that_ended(columns):
    assert said_of(event_of(**columns)) is None


@pytest.mark.parametrize(
    ("applied_by", "signed", "kind"),
    [
        ("price rule v12", True, ChangedBy.RULE),
        ("price rule v12", False, ChangedBy.OPERATOR),
        (ORGANIZER, None, ChangedBy.ORGANIZER),
        (ORGANIZER, False, ChangedBy.OPERATOR),
        ("evently_app", False, ChangedBy.OPERATOR),
    ],
)
def test_change_says_who_made_it_in_general(applied_by, signed, kind):
    assert PriceChange(applied_by=applied_by, signed=signed).changed_by == kind


# ── The chart ───────────────────────────────────────────────────────────────
def chart_of(event, *prices, at=AT, **columns):
    return price_chart(event, changes_of(*prices, **columns), at=at)


def labels(chart):
    return [(mark.text, mark.at) for mark in chart.drawing.marks]


def ends(chart):
    ticks = chart.drawing.ticks
    return ticks[0].text, ticks[-1].text


def test_chart_is_drawn_between_the_bounds():
    chart = chart_of(event_of(), 30, 24, 26)
    assert labels(chart) == [
        ("Maximum €40.00", "16.67"),
        ("Minimum €20.00", "83.33"),
        ("€30.00", "50.00"),
        ("€24.00", "70.00"),
    ]
    assert chart.drawing.summary.endswith("The price rule keeps it between €20.00 and €40.00.")
    assert [row.by for row in chart.rows] == ["by the price rule"] * 2
    past = chart_of(event_of(), 30, 24, 26, at=AT + 90 * DAY)
    assert past.drawing.summary.endswith("The price rule kept it between €20.00 and €40.00.")


def test_chart_of_a_price_that_never_changed():
    chart = chart_of(event_of(30))
    assert chart.drawing.lines[0].points == "0.00,50.00 100.00,50.00"
    assert chart.rows == []
    assert chart.drawing.summary == (
        "The price is €30.00 and has not changed yet. "
        "The price rule keeps it between €20.00 and €40.00."
    )
    assert chart_of(event_of(26, floor=26, ceiling=26)) is None
    assert chart_of(event_of(26, floor=None, ceiling=None)) is None


def recorded(*bounds, first=AT - 30 * DAY, every=10 * DAY):
    """Return what is recorded of bounds, newest first; None for no rule."""
    return [
        PriceBounds(
            floor=pair and Decimal(pair[0]),
            ceiling=pair and Decimal(pair[1]),
            applied_at=first + number * every,
        )
        for number, pair in enumerate(bounds)
    ][::-1]


def lines_of_bounds(chart):
    return sorted(
        (mark.ends, mark.at, mark.text) for mark in chart.drawing.marks if mark.style == "bound"
    )


def test_bounds_are_drawn_for_the_time_in_which_they_held():
    event = event_of(30, floor=20, ceiling=40)
    records = recorded((25, 35), None, (20, 40))
    chart = price_chart(event, changes_of(28, 30, last=AT - 25 * DAY), records, at=AT)
    assert lines_of_bounds(chart) == [
        (("0.00", "33.33"), "33.33", ""),
        (("0.00", "33.33"), "66.67", ""),
        (("66.67", "100.00"), "16.67", "Maximum €40.00"),
        (("66.67", "100.00"), "83.33", "Minimum €20.00"),
    ]
    assert chart.drawing.summary.endswith(
        "The price rule keeps it between €20.00 and €40.00 since 19 February 2027, and had other "
        "bounds before."
    )
    assert [(row.price, row.reason, row.by) for row in chart.rows] == [
        (30, "The price rule keeps the price between €20.00 and €40.00.", ""),
        (30, "The price rule no longer moves the price.", ""),
        (30, REASON, "by the price rule"),
    ]


def test_bounds_of_the_past_stay_after_the_rule():
    change, *_ = changes_of(28, 30, last=AT - 20 * DAY)
    change.price_floor, change.price_ceiling = Decimal(25), Decimal(90)
    # They change with the price, and end by a change of the price.
    records = recorded((20, 40), (25, 90), None)
    event = event_of(30, floor=None, ceiling=None)
    chart = price_chart(event, [change], records, at=AT)
    # 90 is too far above all prices to be drawn beside them.
    assert [ends for ends, _, _ in lines_of_bounds(chart)] == [
        ("0.00", "33.33"),
        ("0.00", "33.33"),
        ("33.33", "66.67"),
    ]
    assert chart.drawing.summary.endswith("A price rule moved it at times, and no longer does.")
    assert [row.by for row in chart.rows] == [
        "",
        "by the price rule, between €25.00 and €90.00",
    ]


def test_many_changes_of_bounds_are_listed_in_part():
    records = recorded(*[(20, 40), (21, 40)] * 40, every=DAY / 4)
    chart = price_chart(event_of(30, floor=21, ceiling=40), [], records, at=AT)
    assert len(chart.rows) == LISTED_CHANGES
    assert chart.all_url


def test_labels_are_not_printed_on_each_other():
    at_the_bounds = chart_of(event_of(20), 30, 40, 20)
    assert [text for text, _ in labels(at_the_bounds)] == ["Maximum €40.00", "Minimum €20.00"]
    # Prices of before the rule, outside its bounds.
    outside = chart_of(event_of(26, floor=25, ceiling=27), 80, 10, 26)
    assert ("€80.00", "16.67") in labels(outside)
    assert ("Maximum €27.00", "67.14") in labels(outside)


def test_bounds_that_are_one_or_far_away():
    fixed = chart_of(event_of(26, floor=26, ceiling=26), 30, 26)
    assert labels(fixed) == [("Minimum and maximum €26.00", "83.33"), ("€30.00", "16.67")]
    far = chart_of(event_of(26, floor=1, ceiling=900), 24, 26)
    assert ("Maximum €900.00 (not to scale)", "12.00") in labels(far)
    assert ("€26.00", "34.00") in labels(far)
    assert ("Minimum €1.00", "83.33") in labels(far)


def test_chart_of_many_changes_says_which_it_shows():
    prices = [25, 26] * 160
    changes = changes_of(*prices, every=timedelta(hours=2))
    chart = price_chart(event_of(), changes, at=AT)
    assert chart.drawing.lines[0].points.count(",") == 2 * DRAWN_CHANGES + 2
    assert len(chart.rows) == LISTED_CHANGES
    assert chart.all_url.endswith("/price-history/")
    assert chart.drawing.summary.startswith(
        "The last 300 price changes, since 3 February 2027: the price was between €25.00 and "
        "€26.00, and is now €26.00."
    )


def test_chart_of_400_days_has_years_and_tells_that_old_changes_are_joined():
    chart = chart_of(event_of(published_at=AT - 400 * DAY), *([25, 26] * 20), every=10 * DAY)
    assert ends(chart) == ("25 Jan 2026", "1 Mar 2027")
    assert "has changed" not in chart.drawing.summary
    assert "the last one of each day is kept" in chart.drawing.summary


def test_chart_is_in_the_time_of_the_event():
    # Midnight has passed in Tokyo, and not in UTC.
    late = datetime(2027, 2, 27, 20, tzinfo=UTC)
    chart = chart_of(event_of(published_at=late), 24, 26, last=late + DAY, at=late + 2 * DAY)
    assert ends(chart) == ("28 Feb", "2 Mar")
    assert chart.zone_name == "Tokyo time"
    hour = chart_of(event_of(published_at=AT), 24, 26, last=AT + DAY / 24, at=AT + DAY / 12)
    assert ends(hour) == ("1 Mar, 21:00", "1 Mar, 23:00")
