"""The tab Analytics: what it draws from no data, one point and 400 days, and whose data."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import BookingAttempt
from boxoffice.backoffice.analytics_charts import sales_chart
from boxoffice.figures import lost_demand_rolling, rolling
from boxoffice.figures.sales_curves import SalesCurve
from boxoffice.tests.organizing import tab
from evently.accounts.factories import OrganizerFactory, UserFactory
from events.factories import EventFactory
from events.models import EventMetric, Resolution

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def put(event, at, **figures):
    midnight = at.astimezone(event.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    EventMetric.objects.bulk_create(
        EventMetric(
            event=event,
            metric_type=name,
            metric_value=value,
            recorded_at=midnight,
            resolution=Resolution.DAY,
        )
        for name, value in figures.items()
    )


def past_event(organizer, **columns):
    at = timezone.now()
    event = EventFactory(
        created_by=organizer, total_capacity=10, created_at=at - 500 * DAY, **columns
    )
    BookingFactory(event=event)
    type(event).objects.filter(pk=event.pk).update(event_date=at - 20 * DAY)
    event.refresh_from_db()
    for days, booked in ((400, 1), (60, 4), (0, 9)):
        put(event, event.event_date - days * DAY, booked=booked)
    return event


def page(admin, event):
    return admin.get(tab(event, "analytics"))


def test_an_event_without_figures_says_so(admin, organizer):
    event = EventFactory(created_by=organizer, priced=10)

    shown = page(admin, event)

    text = shown.content.decode()
    assert shown.context["sales"] is None
    assert shown.context["price"].lines[0].points == "0.00,0.00 100.00,0.00"
    for sentence in (
        "No figures have been rolled up yet.",
        "No seats have been booked yet.",
        "No forecast: there is no earlier event",
        "No views or bookings in these days.",
        "No refusals have been counted.",
        "No one has joined the waitlist.",
    ):
        assert sentence in text


def test_sales_are_drawn_beside_earlier_events_of_the_organizer_only(admin, organizer):
    earlier = past_event(organizer, name="Earlier")
    past_event(OrganizerFactory(), name="Not mine")
    event = EventFactory(created_by=organizer, total_capacity=20)
    BookingFactory(event=event, quantity=3)
    at = timezone.now()
    rolling.write(Resolution.DAY, start=at - DAY, end=at + DAY, only=[event.pk])

    shown = page(admin, event)

    sales = shown.context["sales"]
    assert [line.label for line in sales.lines] == ["Earlier", "Forecast", "This event"]
    assert sales.table.headings == ["Days before", "This event", earlier.name, "Forecast"]
    assert sales.table.rows[0][:2] == ["400", "0 (0%)"]
    assert sales.table.rows[-1] == ["0", "–", "90%", "13 seats"]
    assert "Not mine" not in shown.content.decode()
    assert "the median of 1 event" in shown.context["forecast_note"]


def test_days_to_come_are_listed_only_where_something_tells_of_them():
    curve, earlier = SalesCurve("Now", 10, {30: 1}), SalesCurve("Earlier", 10, {2: 4})

    def listed(*others):
        chart = sales_chart(curve, days_left=30, earlier=others, expected=[])
        return [row[0] for row in chart.table.rows]

    assert listed() == ["30"]
    assert listed(earlier)[-1] == "0"


def test_figures_are_those_of_the_event_and_of_each_person_once(admin, organizer):
    event = EventFactory(created_by=organizer, priced=10, total_capacity=20)
    at = timezone.now()
    put(event, at, page_views=200, checkouts=50, bookings=4, promotions_made=3, promotions_used=2)
    put(event, at - 40 * DAY, page_views=1_000)
    put(event, at - 2 * DAY, waiting=2, seats_wanted=5)
    put(event, at - DAY, waiting=1, seats_wanted=4)
    keen = UserFactory()
    for quantity in (2, 4, 1):
        BookingAttempt.objects.create(
            event=event, user=keen, quantity=quantity, result="failed", failure_reason="sold_out"
        )

    lost_demand_rolling.roll_up(until=at + DAY)
    context = page(admin, event).context

    assert [(step.number, step.conversion) for step in context["funnel"]] == [
        ("200", "–"),
        ("50", "25%"),
        ("4", "8.0%"),
    ]
    assert context["waitlist"].summary == (
        "1 waitlist entry waiting for 4 seats; at most 2 for 5 seats."
    )
    assert [offer["number"] for offer in context["offers"]] == [3, 2, 0, 0]
    (lost,) = context["lost"]
    assert (lost["people"], lost["seats"], lost["value"]) == (1, 4, "€40.00")


@pytest.mark.parametrize("count", [1, 4])
def test_the_page_costs_the_same_for_one_earlier_event_and_many(
    admin, organizer, django_assert_num_queries, count
):
    for _ in range(count):
        past_event(organizer)
    event = EventFactory(created_by=organizer)
    put(event, timezone.now(), booked=1, waiting=1)

    with django_assert_num_queries(10):
        page(admin, event)
