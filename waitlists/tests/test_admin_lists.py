"""What an organizer sees in the admin: people found, figures, history, at a constant cost."""

from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import BookingAttempt
from evently.accounts.factories import UserFactory
from events.factories import EventFactory
from events.models import Event, PriceChange
from waitlists.admin.figures import dashboard
from waitlists.factories import WaitlistEntryFactory
from waitlists.tests.organizing import BOOKINGS, EVENTS, event_page, form_of

pytestmark = pytest.mark.django_db


def test_attendees_are_found_by_reference_address_and_name(admin, organizer):
    event = EventFactory(created_by=organizer)
    wanted = BookingFactory(
        event=event, user=UserFactory(name="Wanjiru Kamau", email="w.kamau@example.org")
    )
    wanted.refresh_from_db()
    BookingFactory(event=event)

    def found(text, **narrowed):
        return list(admin.get(BOOKINGS, {"q": text, **narrowed}).context["cl"].result_list)

    assert found(wanted.booking_reference) == [wanted]
    assert found("W.Kamau@example.org") == [wanted]
    assert found("kamau", event__id__exact=str(event.pk)) == [wanted]
    assert found("kamau") == []


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("bookings/booking", 8),
        ("bookings/bookingattempt", 8),
        ("waitlists/waitlistentry", 7),
        ("waitlists/promotion", 7),
        ("events/pricechange", 8),
    ],
)
def test_lists_cost_the_same_for_one_row_and_many(
    admin, organizer, django_assert_max_num_queries, path, queries, count
):
    event = EventFactory(created_by=organizer, total_capacity=count, priced=10)
    for _ in range(count):
        booking = BookingFactory(event=event)
        BookingAttempt.objects.create(
            event=event, user=booking.user, booking=booking, quantity=1, result="success"
        )
    WaitlistEntryFactory.create_batch(count, event=event)
    for step in range(count):
        Event.objects.filter(pk=event.pk).update(current_price=11 + step)

    with django_assert_max_num_queries(queries):
        page = admin.get(f"/admin/{path}/", {"event__id__exact": str(event.pk)})

    if path != "waitlists/promotion":
        assert len(page.context["cl"].result_list) == count
    assert page.context["tabs_event"] == event


@pytest.mark.parametrize("count", [1, 5])
def test_event_list_and_dashboard_cost_the_same_for_one_event_and_many(
    admin, organizer, django_assert_max_num_queries, count
):
    for _ in range(count):
        BookingFactory(event=EventFactory(created_by=organizer, priced=10))

    with django_assert_max_num_queries(8):
        assert len(admin.get(EVENTS).context["cl"].result_list) == count
    with django_assert_max_num_queries(11):
        assert len(admin.get("/admin/").context["demand"]) == count


def test_dashboard_sums_each_figure_by_itself(organizer):
    event = EventFactory(created_by=organizer, total_capacity=6, priced=10)
    BookingFactory.create_batch(3, event=event, quantity=2)
    WaitlistEntryFactory.create_batch(3, event=event, quantity=2)
    BookingFactory(event__priced=99)
    for reason, quantity in (("sold_out", 2), ("sold_out", 3), ("price_changed", 1)):
        BookingAttempt.objects.create(
            event=event, quantity=quantity, result="failed", failure_reason=reason
        )

    figures = dashboard(user=organizer, at=timezone.now())

    assert (figures.events_ahead, figures.capacity, figures.seats_sold) == (1, 6, 6)
    assert (figures.in_line, figures.seats_wanted, figures.fill) == (3, 6, 100.0)
    assert figures.revenue == [("EUR", Decimal("60.00"))]
    assert figures.lost == [("sold_out", 2, 5), ("price_changed", 1, 1)]
    assert sum(seats for _, seats in figures.sold_by_day) == 6
    (wanted,) = figures.demand
    assert (wanted.booked, wanted.waiting, wanted.revenue) == (6, 6, Decimal("60.00"))
    assert wanted.wanted == 2.0


def test_history_names_who_changed_what(admin, organizer):
    event = EventFactory(created_by=organizer, name="Old name", priced=10)
    admin.post(event_page(event), form_of(admin, event_page(event)) | {"name": "New name"})

    page = admin.get(f"{EVENTS}{event.pk}/trail/")

    change = page.context["changes"][0]
    assert (change.who, change.what) == ("Olive Organizer", "changed the event")
    assert change.values == [("name", "Old name", "New name")]


def test_price_history_names_who_changed_it(admin, organizer):
    event = EventFactory(created_by=organizer, priced=10)
    admin.post(event_page(event), form_of(admin, event_page(event)) | {"base_price": "12"})

    page = admin.get("/admin/events/pricechange/").content.decode()

    assert PriceChange.objects.get().new_price == Decimal("12.00")
    assert "Olive Organizer" in page
    assert "12.00 EUR" in page


def test_pages_make_no_third_party_requests(admin, organizer):
    event = EventFactory(created_by=organizer)

    for url in ("/admin/", EVENTS, event_page(event)):
        page = admin.get(url).content.decode()
        for attribute in ('src="http', 'href="http', 'src="//', 'href="//'):
            assert attribute not in page
