"""The dashboard of many bookings: what it adds up, and what it says about the rest."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.factories import BookingFactory
from boxoffice.backoffice import analytics
from boxoffice.backoffice.analytics import dashboard_figures
from boxoffice.figures import lost_demand_rolling
from boxoffice.tests.test_admin_analytics import put
from boxoffice.tests.test_admin_overview import failed_email
from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from events.factories import EventFactory
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db


def figures(user):
    return dashboard_figures(user=user, at=timezone.now())


def event_in(days, **columns):
    columns = {"payment_mode": "door", **columns}
    return EventFactory(event_date=timezone.now() + timedelta(days), **columns)


def test_of_many_bookings_those_of_the_next_events_are_added_up(monkeypatch, client):
    organizer = OrganizerFactory()
    for days in (3, 2, 1):
        event = event_in(days, created_by=organizer, base_price=Decimal(days))
        BookingFactory(event=event, quantity=2)

    assert figures(organizer).booked_value == [("EUR", Decimal("12.00"))]
    assert figures(organizer).valued_events is None

    monkeypatch.setattr(analytics, "MOST_SEATS_ADDED", 4)
    assert figures(organizer).booked_value == [("EUR", Decimal("6.00"))]
    assert figures(organizer).valued_events == 2
    client.force_login(organizer)
    assert "of the next 2 events" in client.get("/admin/").content.decode()

    # The next event is added up, however many seats it has.
    monkeypatch.setattr(analytics, "MOST_SEATS_ADDED", 1)
    assert figures(organizer).booked_value == [("EUR", Decimal("2.00"))]


@pytest.mark.parametrize("user", [OrganizerFactory, SuperuserFactory])
@pytest.mark.parametrize("count", [1, 2])
def test_dashboard_with_everything_on_it_takes_twelve_queries(
    monkeypatch, client, django_assert_num_queries, user, count
):
    monkeypatch.setattr(analytics, "MOST_SEATS_ADDED", 0)
    organizer = user()
    for _ in range(count):
        event = event_in(3, created_by=organizer, total_capacity=1, base_price=Decimal(9))
        BookingFactory(event=event)
        WaitlistEntryFactory(event=event)
        failed_email(event)
        put(event, timezone.now(), **{"bookings": 1, "refused:sold_out": 1})
        event_in(2, created_by=organizer, published_at=None)
        event_in(5, created_by=organizer, sales_start_at=timezone.now() + timedelta(1))
    lost_demand_rolling.roll_up()
    client.force_login(organizer)

    with django_assert_num_queries(12):
        context = client.get("/admin/").context

    assert context["figures"].waiting_entries == count
    assert len(context["todos"]) == 3 * count


def test_booked_value_is_by_currency_the_highest_first():
    organizer = OrganizerFactory()
    for currency, price in (("EUR", 5), ("CHF", 9), ("EUR", 6)):
        event = event_in(3, created_by=organizer, base_price=Decimal(price), currency=currency)
        BookingFactory(event=event)

    found = figures(organizer).booked_value

    assert found == [("EUR", Decimal("11.00")), ("CHF", Decimal("9.00"))]


def test_demand_compares_events_with_entries_that_wait_and_without(monkeypatch):
    organizer = OrganizerFactory()
    half = event_in(1, created_by=organizer, total_capacity=4, name="half")
    full = event_in(2, created_by=organizer, total_capacity=2, name="full")
    waited_for = event_in(3, created_by=organizer, total_capacity=10, name="waited for")
    empty = event_in(4, created_by=organizer, name="empty")
    BookingFactory(event=half, quantity=2)
    BookingFactory(event=full, quantity=2)
    BookingFactory(event=waited_for, quantity=10)
    WaitlistEntryFactory.create_batch(2, event=waited_for, quantity=2)

    found = figures(organizer)
    assert [event.name for event in found.highest_demand] == [
        waited_for.name,
        full.name,
        half.name,
        empty.name,
    ]
    assert [event.demand for event in found.highest_demand] == [1.4, 1.0, 0.5, 0.0]
    assert (found.waiting_entries, found.waiting_seats) == (2, 4)

    monkeypatch.setattr(analytics, "HIGHEST_DEMAND", 1)
    assert [event.name for event in figures(organizer).highest_demand] == ["waited for"]


def test_seats_count_for_the_day_at_the_event_in_zones_off_the_hour():
    organizer = OrganizerFactory()
    booking = BookingFactory(
        event=event_in(5, created_by=organizer, timezone="Asia/Kathmandu"), quantity=2
    )
    at = timezone.now().replace(hour=18, minute=20, second=0) - timedelta(3)
    moved = type(booking).objects.filter(pk=booking.pk, event_id=booking.event_id)
    moved.update(created_at=at)  # 00:05 of the next day there

    sold = dict(figures(organizer).sold_by_day)

    assert sold[(at + timedelta(1)).date()] == 2
    assert sold[at.date()] == 0


def test_superusers_read_no_list_of_all_events():
    BookingFactory()
    boss = SuperuserFactory()

    with CaptureQueriesContext(connection) as captured:
        figures(boss)

    slow = [
        query["sql"]
        for query in captured
        if 'IN (SELECT U0."id" AS "pk" FROM "events" U0)' in query["sql"]
    ]
    assert slow == []
