"""Lists, search, dashboard and history in the admin, with constant query counts."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import BookingAttempt
from bookings.operations import Canceller, cancel_booking
from boxoffice.backoffice.analytics import dashboard_figures
from boxoffice.tests.organizing import BOOKINGS, EVENTS, event_page, form_of, tab
from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from events.factories import EventFactory
from events.models import Event, PriceChange
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db


def test_attendees_are_found_by_reference_email_address_and_name(admin, organizer):
    event = EventFactory(created_by=organizer)
    wanted = BookingFactory(
        event=event, user=UserFactory(name="Wanjiru Kamau", email="w.kamau@example.org")
    )
    wanted.refresh_from_db()
    BookingFactory(event=event)

    def found(text, page=BOOKINGS):
        return list(admin.get(page, {"q": text}).context["cl"].result_list)

    assert found(wanted.booking_reference) == [wanted]
    assert found("W.Kamau@example.org") == [wanted]
    assert found("kamau", tab(event, "attendees")) == [wanted]
    assert found("KAMAU wanjiru") == [wanted]
    assert found("kamau@ex") == [wanted]
    assert found("kamau bob") == []


def test_the_waitlist_is_searched_by_name_and_email_address_with_its_offers(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=2)
    seats = BookingFactory.create_batch(2, event=event)
    user = UserFactory(name="Wanjiru Kamau", email="w.kamau@example.org")
    entry = WaitlistEntryFactory(event=event, user=user)
    WaitlistEntryFactory(event=event)
    for seat in seats:
        cancel_booking(event_id=event.pk, booking_id=seat.pk, by=Canceller.ORGANIZER)
    everything = "/admin/waitlists/waitlistentry/"

    def found(text, page):
        context = admin.get(page, {"q": text}).context
        return [row.user_id for row in context["cl"].result_list], len(context.get("offers", []))

    assert found("kamau", tab(event, "waitlist")) == ([entry.user_id], 1)
    assert found("unknown", tab(event, "waitlist")) == ([], 0)
    assert found("W.Kamau@example.org", everything) == ([entry.user_id], 0)
    assert found("kamau", everything) == ([entry.user_id], 0)


def test_offers_are_shown_in_pages_below_the_entries(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=30)
    seats = BookingFactory.create_batch(3, event=event, quantity=10)
    WaitlistEntryFactory.create_batch(26, event=event)
    for seat in seats:
        cancel_booking(event_id=event.pk, booking_id=seat.pk, by=Canceller.ORGANIZER)

    first = admin.get(tab(event, "waitlist"))
    second = admin.get(tab(event, "waitlist"), {"offers": "2"})

    assert len(first.context["offers"]) == 25
    assert (second.status_code, len(second.context["offers"])) == (200, 1)
    assert "?offers=2#offers" in first.content.decode()
    assert admin.get(tab(event, "waitlist"), {"offers": "x"}).status_code == 200


def test_attempts_are_searched_by_outcome_and_name(admin, organizer):
    event = EventFactory(created_by=organizer)
    user = UserFactory(name="Wanjiru Kamau")
    attempt = BookingAttempt.objects.create(
        event=event, user=user, quantity=1, result="failed", failure_reason="sold_out"
    )
    BookingAttempt.objects.create(
        event=event, quantity=1, result="failed", failure_reason="sales_closed"
    )
    for text in ("Sold out", "sold_out", "wanjiru"):
        page = admin.get(tab(event, "attempts"), {"q": text})
        assert list(page.context["cl"].result_list) == [attempt]


def test_searching_names_costs_the_same_for_one_person_and_many(
    admin, organizer, django_assert_max_num_queries
):
    event = EventFactory(created_by=organizer)
    BookingFactory.create_batch(5, event=event)
    with django_assert_max_num_queries(9):
        page = admin.get(tab(event, "attendees"), {"q": "person"})
    assert len(page.context["cl"].result_list) == 5


def test_organizers_find_people_of_their_own_events_only(admin, organizer):
    theirs = BookingFactory(user=UserFactory(name="Zoë O’Brien"), event__created_by=organizer)
    BookingFactory(user=UserFactory(name="Zoe Elsewhere"))

    for text in ("zoe", "ZOË", "brien zoe", "obrien", "Zoe\u0308"):
        page = admin.get(BOOKINGS, {"q": text})
        assert list(page.context["cl"].result_list) == [theirs], text


def test_events_are_searched_as_on_the_public_pages(admin, organizer):
    wanted = EventFactory(created_by=organizer, name="Sourdough", venue="Zürich", published_at=None)
    EventFactory(name="Sourdough", venue="Zürich")

    for text in ("soudough", "zurich sour", "zurich"):
        page = admin.get(EVENTS, {"q": text, "show": "drafts"})
        assert list(page.context["cl"].result_list) == [wanted], text


def test_lists_of_one_event_do_not_count_the_rows_of_others(admin, organizer):
    event = EventFactory(created_by=organizer)
    BookingFactory(event=event)
    BookingFactory.create_batch(2, event__created_by=organizer)
    changes = admin.get(tab(event, "attendees")).context["cl"]
    assert (changes.result_count, changes.full_result_count) == (1, 1)


def test_upcoming_events_are_listed_first_and_all_are_a_click_away(admin, organizer):
    today = timezone.now()
    for days in (30, 3):
        EventFactory(created_by=organizer, name=f"in {days}", event_date=today + timedelta(days))
    for days in (30, 3):
        EventFactory(
            created_by=organizer,
            name=f"{days} ago",
            created_at=today - timedelta(60),
            event_date=today - timedelta(days),
        )
    EventFactory(
        created_by=organizer, name="draft", published_at=None, event_date=today + timedelta(1)
    )

    def names(**query):
        return [event.name for event in admin.get(EVENTS, query).context["cl"].result_list]

    assert names() == ["in 3", "in 30"]
    assert names(show="drafts") == ["draft"]
    assert names(show="past") == ["3 ago", "30 ago"]
    assert names(show="cancelled") == []
    assert names(show="all") == ["draft", "in 3", "in 30", "3 ago", "30 ago"]
    assert names(show="nonsense") == ["in 3", "in 30"]
    assert names(q="30") == ["in 30", "30 ago"]
    assert names(q="30", show="past") == ["30 ago"]


def test_superusers_see_and_choose_the_organizer(client, organizer):
    client.force_login(SuperuserFactory())
    mine = EventFactory(created_by=organizer)
    EventFactory(created_by=OrganizerFactory(name="Other"))

    page = client.get(EVENTS)
    assert {"Olive Organizer", "Other"} <= {
        event.created_by.display_name for event in page.context["cl"].result_list
    }
    assert "Organizer" in page.content.decode()
    chosen = client.get(EVENTS, {"organizer": str(organizer.pk)}).context["cl"].result_list
    assert list(chosen) == [mine]
    assert len(client.get(EVENTS, {"organizer": "x"}).context["cl"].result_list) == 2


def test_events_under_way_are_upcoming_until_they_are_over(admin, organizer):
    today = timezone.now()
    created = {"created_by": organizer, "created_at": today - timedelta(60)}
    started = today - timedelta(hours=1)
    EventFactory(
        name="under way", event_date=started, ends_at=today + timedelta(hours=1), **created
    )
    EventFactory(name="over", event_date=started, **created)

    def names(show):
        return [event.name for event in admin.get(EVENTS, {"show": show}).context["cl"].result_list]

    assert (names("upcoming"), names("past")) == (["under way"], ["over"])


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    ("key", "queries"),
    [("attendees", 9), ("attempts", 7), ("waitlist", 8), ("prices", 7)],
)
def test_lists_cost_the_same_for_one_row_and_many(
    admin, organizer, django_assert_max_num_queries, key, queries, count
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
        page = admin.get(tab(event, key))

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
    with django_assert_max_num_queries(10):
        assert len(admin.get("/admin/").context["demand"]) == count


def test_dashboard_sums_each_figure_by_itself(organizer):
    event = EventFactory(created_by=organizer, total_capacity=6, priced=10)
    BookingFactory.create_batch(3, event=event, quantity=2)
    WaitlistEntryFactory.create_batch(3, event=event, quantity=2)
    BookingFactory(event__priced=99)

    figures = dashboard_figures(user=organizer, at=timezone.now())

    assert (figures.upcoming_events, figures.capacity, figures.seats_sold) == (1, 6, 6)
    assert (figures.waiting_entries, figures.waiting_seats, figures.fill) == (3, 6, 100.0)
    assert figures.booked_value == [("EUR", Decimal("60.00"))]
    assert sum(seats for _, seats in figures.sold_by_day) == 6
    (highest,) = figures.highest_demand
    assert (highest.booked_seats, highest.waiting_seats) == (6, 6)
    assert (highest.booked_value, highest.demand) == (Decimal("60.00"), 2.0)


def test_history_names_who_changed_what(admin, organizer):
    event = EventFactory(created_by=organizer, name="Old name", priced=10)
    admin.post(event_page(event), form_of(admin, event_page(event)) | {"name": "New name"})

    page = admin.get(f"{EVENTS}{event.pk}/trail/")

    act = page.context["acts"][0]
    assert (act.who, act.what) == ("Olive Organizer", "changed the event")
    assert act.changes[0].values[0] == ("name", "Old name", "New name")


def test_price_history_names_who_changed_the_price(admin, organizer):
    event = EventFactory(created_by=organizer, priced=10)
    admin.post(event_page(event), form_of(admin, event_page(event)) | {"base_price": "12"})

    page = admin.get("/admin/events/pricechange/").content.decode()

    assert PriceChange.objects.get().new_price == Decimal("12.00")
    assert "Olive Organizer" in page
    assert "€12.00" in page


def test_pages_make_no_third_party_requests(admin, organizer):
    event = EventFactory(created_by=organizer)

    for url in ("/admin/", EVENTS, event_page(event)):
        page = admin.get(url).content.decode()
        for attribute in ('src="http', 'href="http', 'src="//', 'href="//'):
            assert attribute not in page
