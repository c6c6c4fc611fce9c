"""The admin, as an organizer works in it: through operations, for their own events only."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import Booking, BookingAttempt
from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from evently.audit.models import AuditLog
from events.factories import EventFactory
from events.models import Event, EventStaff, PriceChange, StaffRole
from waitlists import operations
from waitlists.admin.figures import dashboard
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db

EVENTS = "/admin/events/event/"
BOOKINGS = "/admin/bookings/booking/"


@pytest.fixture
def organizer():
    return OrganizerFactory(name="Olive Organizer")


@pytest.fixture
def admin(client, organizer):
    """Return a client logged in as an organizer."""
    client.force_login(organizer)
    return client


def event_page(event):
    return reverse("admin:events_event_change", args=[event.pk])


def form_of(client, url):
    """Return what the form on an event's page would send."""
    form = client.get(url).context["adminform"].form
    data = {}
    for bound in form:
        value = bound.field.widget.format_value(bound.value())
        value = value[0] if isinstance(value, list) else value
        data[bound.html_name] = "" if value is None else str(value)
        if bound.field.show_hidden_initial:
            data[bound.html_initial_name] = data[bound.html_name]
    return data


def errors_of(response):
    return dict(response.context["adminform"].form.errors)


# ── Whose ───────────────────────────────────────────────────────────────────
def test_admin_is_closed_to_attendees(client):
    client.force_login(UserFactory())

    assert client.get("/admin/").status_code == 302
    assert client.get(EVENTS).status_code == 302


def test_organizers_see_the_events_they_made_or_manage(admin, organizer):
    mine = EventFactory(created_by=organizer, name="Mine")
    managed = EventFactory(name="Managed")
    EventStaff.objects.create(event=managed, user=organizer, role=StaffRole.MANAGER)
    at_the_door = EventFactory(name="At the door")
    EventStaff.objects.create(event=at_the_door, user=organizer, role=StaffRole.DOOR)

    shown = admin.get(EVENTS).context["cl"].result_list

    assert {event.pk for event in shown} == {mine.pk, managed.pk}
    assert admin.get(event_page(at_the_door)).status_code == 404
    assert admin.get(f"{EVENTS}{at_the_door.pk}/cancel/").status_code == 404
    assert admin.get(f"{EVENTS}{at_the_door.pk}/trail/").status_code == 404


def test_superusers_see_all_events(client):
    client.force_login(SuperuserFactory())
    EventFactory()

    assert len(client.get(EVENTS).context["cl"].result_list) == 1


def test_rows_of_other_organizers_are_not_seen(admin):
    booking = BookingFactory()

    assert list(admin.get(BOOKINGS).context["cl"].result_list) == []
    assert admin.get(f"{BOOKINGS}{booking.pk}/change/").status_code == 302
    assert admin.get(f"{BOOKINGS}{booking.pk}/cancel/").status_code == 404
    narrowed = admin.get(BOOKINGS, {"event__id__exact": str(booking.event_id)})
    assert "tabs_event" not in narrowed.context


@pytest.mark.parametrize("path", ["x", "00000000-0000-0000-0000-000000000000"])
def test_unknown_events_are_not_found(admin, path):
    for page in ("change", "publish", "cancel", "copy", "remove", "trail"):
        assert admin.get(f"{EVENTS}{path}/{page}/").status_code in (302, 404)


# ── Making and changing ─────────────────────────────────────────────────────
def test_event_is_made_through_the_operation(admin, organizer):
    data = form_of(admin, f"{EVENTS}add/") | {
        "name": "Kite Workshop",
        "venue": "Beach House, Ostend",
        "timezone": "Europe/Brussels",
        "event_date": "2099-05-08T14:00",
        "total_capacity": "20",
        "base_price": "15",
        "currency": "eur",
    }

    response = admin.post(f"{EVENTS}add/", data)
    assert response.status_code == 302, errors_of(response)

    event = Event.objects.get()
    assert event.created_by == organizer
    assert event.event_date.isoformat() == "2099-05-08T12:00:00+00:00"
    assert (event.current_price, event.currency) == (Decimal("15.00"), "EUR")
    assert not event.is_published
    entry = AuditLog.objects.get(table_name="events")
    assert (entry.actor, entry.via) == (str(organizer.pk), "admin")


def test_event_that_makes_no_sense_is_refused_by_field(admin):
    data = form_of(admin, f"{EVENTS}add/") | {
        "name": "Kite Workshop",
        "venue": "Beach House",
        "timezone": "Mars/Crater",
        "event_date": "2001-05-08T14:00",
        "ends_at": "2001-05-07T14:00",
        "total_capacity": "0",
        "base_price": "15",
        "payment_mode": "free",
    }

    first = errors_of(admin.post(f"{EVENTS}add/", data))
    second = errors_of(admin.post(f"{EVENTS}add/", data | {"timezone": "UTC"}))

    assert list(first) == ["timezone"]
    assert set(second) == {"event_date", "ends_at", "total_capacity", "payment_mode"}
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "n" * 256),
        ("name", "null\x00byte"),
        ("event_date", "9999-12-31T23:59"),
        ("event_date", "soon"),
        ("total_capacity", "99999999999"),
        ("base_price", "NaN"),
        ("base_price", "-1"),
        ("currency", "1"),
        ("currency", "EURO"),
        ("payment_mode", "transfer"),
        ("max_per_booking", "11"),
        ("max_per_person", "0"),
        ("promotion_window_minutes", "0"),
        ("promotion_window_minutes", "10081"),
        ("timezone", "../etc/passwd"),
    ],
)
def test_wrong_input_is_refused_beside_its_field(admin, organizer, name, value):
    event = EventFactory(created_by=organizer)

    response = admin.post(event_page(event), form_of(admin, event_page(event)) | {name: value})

    assert list(errors_of(response)) == [name]


def test_actions_on_ids_that_are_none_are_refused(admin):
    response = admin.post(BOOKINGS, {"action": "cancel_selected", "_selected_action": ["x"]})

    assert response.status_code == 302


def test_transfer_is_not_offered(admin):
    form = admin.get(f"{EVENTS}add/").context["adminform"].form

    assert [value for value, _ in form.fields["payment_mode"].choices] == ["door", "free"]


def test_times_are_those_of_the_clocks_at_the_event(admin, organizer):
    event = EventFactory(created_by=organizer, timezone="Asia/Tokyo")
    data = form_of(admin, event_page(event))
    before = event.event_date

    assert data["event_date"] == event.starts_locally.strftime("%Y-%m-%dT%H:%M")
    admin.post(event_page(event), data | {"name": "Renamed"})
    event.refresh_from_db()
    assert (event.name, event.event_date) == ("Renamed", before)
    # Moving the place moves the moment: the clock there shows the same.
    admin.post(event_page(event), form_of(admin, event_page(event)) | {"timezone": "UTC"})
    event.refresh_from_db()
    assert event.starts_locally.strftime("%Y-%m-%dT%H:%M") == data["event_date"]


def test_saving_over_somebody_elses_change_shows_both_and_loses_nothing(admin, organizer):
    event = EventFactory(created_by=organizer, name="Old", venue="Old Mill", total_capacity=10)
    mine = form_of(admin, event_page(event))
    theirs = mine | {"venue": "New Mill", "total_capacity": "20"}
    admin.post(event_page(event), theirs)

    refused = admin.post(event_page(event), mine | {"name": "New", "total_capacity": "30"})

    errors = errors_of(refused)
    assert "Somebody else changed" in errors["__all__"][0]
    assert "“20”" in errors["total_capacity"][0]
    assert "“Old Mill”" in errors["venue"][0]
    form = refused.context["adminform"].form
    shown = {name: form[name].value() for name in ("name", "venue", "total_capacity")}
    assert shown == {"name": "New", "venue": "New Mill", "total_capacity": "30"}
    event.refresh_from_db()
    assert (event.name, event.total_capacity) == ("Old", 20)

    admin.post(event_page(event), form.data)
    event.refresh_from_db()
    assert (event.name, event.venue, event.total_capacity) == ("New", "New Mill", 30)


def test_capacity_in_use_is_told_beside_the_field(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=5)
    BookingFactory(event=event, quantity=4)

    response = admin.post(
        event_page(event), form_of(admin, event_page(event)) | {"total_capacity": "3"}
    )

    assert "more seats booked" in errors_of(response)["total_capacity"][0]


def test_raised_capacity_serves_the_line(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=1)
    BookingFactory(event=event)
    entry = WaitlistEntryFactory(event=event)

    admin.post(event_page(event), form_of(admin, event_page(event)) | {"total_capacity": "2"})

    assert Promotion.objects.get().waitlist_id == entry.pk


def test_cancelled_events_are_shown_and_not_changed(admin, organizer):
    event = EventFactory(created_by=organizer)
    operations.cancel_event(event_id=event.pk, reason="Storm")

    page = admin.get(event_page(event))

    assert not page.context["has_change_permission"]
    assert "Storm" in page.content.decode()
    assert admin.post(event_page(event), {"name": "x"}).status_code == 403


# ── Actions ─────────────────────────────────────────────────────────────────
def test_publish_asks_then_publishes_and_refuses_twice(admin, organizer):
    event = EventFactory(created_by=organizer, published_at=None)
    url = f"{EVENTS}{event.pk}/publish/"

    asked = admin.get(url)
    event.refresh_from_db()
    assert not event.is_published
    assert asked.status_code == 200
    admin.post(url, {"confirmed": "yes"})
    event.refresh_from_db()
    assert event.is_published
    again = admin.post(url, {"confirmed": "yes"})
    assert "published already" in again.content.decode()


def test_copy_makes_a_draft(admin, organizer):
    event = EventFactory(created_by=organizer, name="Fair")

    admin.post(f"{EVENTS}{event.pk}/copy/", {"confirmed": "yes"})

    copy = Event.objects.exclude(pk=event.pk).get()
    assert (copy.name, copy.is_published) == ("Fair (copy)", False)


def test_cancel_event_wants_a_reason_and_shows_progress(admin, organizer):
    event = EventFactory(created_by=organizer)
    BookingFactory(event=event, quantity=2)
    url = f"{EVENTS}{event.pk}/cancel/"

    assert "1 (2 seats)" in admin.get(url).content.decode()
    assert "required" in admin.post(url, {"confirmed": "yes", "reason": " "}).content.decode()
    admin.post(url, {"confirmed": "yes", "reason": "Storm"})

    event.refresh_from_db()
    assert (event.status, event.cancel_reason) == ("cancelled", "Storm")
    assert admin.get(event_page(event)).context["cancellation"]["left"] == 1
    operations.continue_cancellation(event_id=event.pk)
    progress = admin.get(event_page(event)).context["cancellation"]
    assert (progress["left"], progress["percent"]) == (0, 100)


def test_delete_is_for_events_that_nobody_booked(admin, organizer):
    booked, unbooked = EventFactory.create_batch(2, created_by=organizer)
    BookingFactory(event=booked)

    refused = admin.post(f"{EVENTS}{booked.pk}/remove/", {"confirmed": "yes"})
    admin.post(f"{EVENTS}{unbooked.pk}/remove/", {"confirmed": "yes"})

    assert "has bookings" in refused.content.decode()
    assert list(Event.objects.all()) == [booked]
    assert admin.post(f"{EVENTS}{booked.pk}/delete/").status_code == 403


def test_booking_is_cancelled_with_a_reason(admin, organizer):
    booking = BookingFactory(event__created_by=organizer)
    url = f"{BOOKINGS}{booking.pk}/cancel/"

    admin.get(url)
    admin.post(url, {"confirmed": "yes", "reason": "Row G is broken"})
    again = admin.post(url, {"confirmed": "yes", "reason": "Again"}, follow=True)

    booking.refresh_from_db()
    assert (booking.status, booking.cancel_reason) == ("cancelled", "Row G is broken")
    assert "cancelled already" in again.content.decode()


def test_selected_bookings_are_cancelled_after_asking(admin, organizer):
    event = EventFactory(created_by=organizer)
    bookings = BookingFactory.create_batch(3, event=event)
    chosen = {
        "action": "cancel_selected",
        "_selected_action": [str(booking.pk) for booking in bookings[:2]],
    }

    asked = admin.post(BOOKINGS, chosen)
    assert "Cancel 2 bookings?" in asked.content.decode()
    assert Booking.objects.holding_seats().count() == 3
    admin.post(BOOKINGS, chosen | {"confirmed": "yes", "reason": "Fewer chairs"})

    assert Booking.objects.holding_seats().get() == bookings[2]


def test_priority_is_set_with_a_reason(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=1)
    BookingFactory(event=event)
    first, second = WaitlistEntryFactory.create_batch(2, event=event)
    url = f"/admin/waitlists/waitlistentry/{second.pk}/priority/"

    refused = admin.post(url, {"confirmed": "yes", "score": "5", "reason": ""})
    assert "required" in refused.content.decode()
    too_much = admin.post(url, {"confirmed": "yes", "score": "9999999", "reason": "x"})
    assert "number between" in too_much.content.decode()
    admin.post(url, {"confirmed": "yes", "score": "5", "reason": "Helps with the chairs"})

    line = WaitlistEntry.objects.filter(event=event).order_by("position")
    assert [entry.pk for entry in line] == [second.pk, first.pk]
    assert line[0].priority_reason == "Helps with the chairs"


# ── Finding people ──────────────────────────────────────────────────────────
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


# ── Watching ────────────────────────────────────────────────────────────────
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


# ── Logging in ──────────────────────────────────────────────────────────────
def test_log_in_takes_an_address(client):
    OrganizerFactory(email="olive@example.org", password="correct horse battery")
    page = client.get("/admin/login/")

    assert "E-mail address" in page.content.decode()
    wrong = client.post("/admin/login/", {"username": "olive@example.org", "password": "no"})
    assert "do not belong to an organizer" in wrong.content.decode()
    right = client.post(
        "/admin/login/",
        {"username": "Olive@example.org", "password": "correct horse battery", "next": "/admin/"},
    )
    assert right["Location"] == "/admin/"


def test_log_in_of_attendees_is_refused_in_words(client):
    UserFactory(email="al@example.org", password="correct horse battery")

    page = client.post(
        "/admin/login/", {"username": "al@example.org", "password": "correct horse battery"}
    )

    assert "do not belong to an organizer" in page.content.decode()


def test_late_changes_reach_nobody_elses_event(admin, organizer):
    """Editing by address of another organizer's event is not found, also when posting."""
    other = EventFactory(event_date=timezone.now() + timedelta(days=3))

    assert admin.post(event_page(other), {"name": "Stolen"}).status_code == 404
