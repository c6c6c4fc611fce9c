"""Waitlist entries, offers, cancelling events and deleting accounts, over HTTP."""

from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.operations import Canceller, cancel_booking
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from events.models import Event
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db
ENTRIES = "/api/v1/waitlists/"
OFFERS = "/api/v1/promotions/"


@pytest.fixture
def full_event():
    event = EventFactory(total_capacity=2, priced=20)
    BookingFactory(event=event, quantity=2)
    return event


@pytest.fixture
def offer(full_event):
    """A pending offer of both seats of the event."""
    WaitlistEntryFactory(event=full_event, quantity=2)
    booking = Booking.objects.get()
    cancel_booking(event_id=full_event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
    return Promotion.objects.select_related("user", "waitlist").get()


# ── Entries ─────────────────────────────────────────────────────────────────
def test_joining_returns_the_position(full_event):
    WaitlistEntryFactory(event=full_event)
    body = {"event": str(full_event.pk), "quantity": 2, "min_quantity": 1, "unit_price": "20.00"}

    response = api(UserFactory()).post(ENTRIES, body | {"notify_prefs": {"email": False}})

    assert response.status_code == 201
    entry = response.json()
    assert (entry["position"], entry["status"]) == (2, "waiting")
    assert (entry["quantity"], entry["min_quantity"], entry["unit_price"]) == (2, 1, "20.00")
    assert entry["notify_prefs"] == {"email": False}
    assert entry["event"]["id"] == str(full_event.pk)
    assert response.headers["Location"] == f"{ENTRIES}{entry['id']}/"


def test_joining_again_with_the_same_key_returns_the_same_entry(full_event):
    client = api(UserFactory())
    body = {"event": str(full_event.pk), "unit_price": "20"}
    headers = {"Idempotency-Key": "join 7"}

    first, again = (client.post(ENTRIES, body, headers=headers) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]


def test_price_that_was_shown_is_required_and_refused_once_it_has_risen(full_event):
    client, body = api(UserFactory()), {"event": str(full_event.pk)}

    problem = assert_problem(client.post(ENTRIES, body), 422, "price_required")
    assert list(problem["errors"]) == ["unit_price"]
    problem = assert_problem(
        client.post(ENTRIES, body | {"unit_price": "19.99"}), 409, "price_changed"
    )
    assert (problem["seen_price"], problem["current_price"]) == ("19.99", "20.00")
    assert not WaitlistEntry.objects.exists()

    entry = client.post(ENTRIES, body | {"unit_price": "25"}).json()
    assert (entry["unit_price"], entry["confirmed"]) == ("20.00", True)


def test_joining_twice_is_refused(full_event):
    client = api(UserFactory())
    body = {"event": str(full_event.pk), "unit_price": "20"}
    assert client.post(ENTRIES, body).status_code == 201

    assert_problem(client.post(ENTRIES, body), 409, "already_waiting")


@pytest.mark.parametrize(
    ("make_event", "status", "code"),
    [
        (lambda: EventFactory(total_capacity=3), 409, "seats_available"),
        (lambda: EventFactory(published_at=None), 404, "not_found"),
        (lambda: EventFactory(status="cancelled"), 409, "sales_closed"),
    ],
)
def test_joining_is_refused_without_a_waitlist(make_event, status, code):
    response = api(UserFactory()).post(ENTRIES, {"event": str(make_event().pk)})

    assert_problem(response, status, code)
    assert not WaitlistEntry.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 11}, "quantity"),
        ({"quantity": 2**70}, "quantity"),
        ({"quantity": 2, "min_quantity": 3}, "min_quantity"),
        ({"quantity": 2, "min_quantity": 0}, "min_quantity"),
        ({"auto_accept": "perhaps"}, "auto_accept"),
        ({"notify_prefs": "none"}, "notify_prefs"),
        ({"notify_prefs": {"email": "perhaps"}}, "notify_prefs.email"),
    ],
)
def test_invalid_fields_are_refused_by_name(full_event, body, field):
    response = api(UserFactory()).post(ENTRIES, {"event": str(full_event.pk)} | body)

    assert list(assert_problem(response, 422, "invalid")["errors"]) == [field]


def test_list_of_own_entries_takes_the_same_queries_for_1_and_for_100(
    full_event, django_assert_num_queries
):
    user = UserFactory()
    client = api(user)
    WaitlistEntryFactory(event=full_event)
    organizer = OrganizerFactory()

    def join_another():
        event = EventFactory(total_capacity=1, created_by=organizer)
        BookingFactory(event=event, user=organizer)
        WaitlistEntryFactory(event=event, user=user)

    join_another()
    with django_assert_num_queries(2):
        assert len(client.get(ENTRIES, {"limit": 100}).json()["results"]) == 1
    for _ in range(99):
        join_another()
    with django_assert_num_queries(2):
        assert len(client.get(ENTRIES, {"limit": 100}).json()["results"]) == 100


def test_receipt_lists_the_offers(offer):
    client = api(offer.user)
    client.post(f"{OFFERS}{offer.pk}/decline/")

    receipt = client.get(f"{ENTRIES}{offer.waitlist_id}/").json()

    assert (receipt["status"], receipt["position"]) == ("left", None)
    assert [(one["status"], one["quantity"]) for one in receipt["offers"]] == [("declined", 2)]
    assert receipt["seats_returned_lately"] == 2
    assert receipt["line_length"] == 0


def test_leaving_moves_the_others_up(full_event):
    first, second = (WaitlistEntryFactory(event=full_event) for _ in range(2))
    client, url = api(first.user), f"{ENTRIES}{first.pk}/"
    headers = {"Idempotency-Key": "k"}

    response = client.delete(url, headers=headers)

    assert (response.status_code, response.content) == (204, b"")
    again = client.delete(url, headers=headers)
    assert (again.status_code, again.content) == (204, b"")
    assert_problem(client.delete(url), 409, "not_waiting")
    assert WaitlistEntry.objects.get(pk=second.pk).position == 1


def test_entry_of_another_user_is_not_found(full_event):
    entry = WaitlistEntryFactory(event=full_event)
    stranger = api(UserFactory())

    assert_problem(stranger.get(f"{ENTRIES}{entry.pk}/"), 404, "not_found")
    assert_problem(stranger.delete(f"{ENTRIES}{entry.pk}/"), 404, "not_found")
    assert WaitlistEntry.objects.get().status == "waiting"


# ── Offers ──────────────────────────────────────────────────────────────────
def test_offer_is_listed_and_accepted(offer):
    client = api(offer.user)
    listed = client.get(OFFERS, {"status": "pending"}).json()["results"]
    assert [one["id"] for one in listed] == [str(offer.pk)]
    assert listed[0]["waitlist"] == str(offer.waitlist_id)
    assert client.get(f"{OFFERS}{offer.pk}/").json() == listed[0]

    headers = {"Idempotency-Key": "k"}
    first, again = (client.post(f"{OFFERS}{offer.pk}/accept/", headers=headers) for _ in range(2))

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert (first.json()["quantity"], first.json()["total_amount"]) == (2, "40.00")
    assert first.headers["Location"] == f"/api/v1/bookings/{first.json()['id']}/"
    assert_problem(client.post(f"{OFFERS}{offer.pk}/accept/"), 409, "promotion_closed")
    assert_problem(client.post(f"{OFFERS}{offer.pk}/decline/"), 409, "promotion_closed")
    assert client.get(OFFERS, {"status": "used"}).json()["results"][0]["booking"]


def test_part_of_an_offer_is_accepted(offer):
    client = api(offer.user)
    following = WaitlistEntryFactory(event=Event.objects.get(), quantity=1)

    response = client.post(f"{OFFERS}{offer.pk}/accept/", {"quantity": 1})

    assert (response.status_code, response.json()["quantity"]) == (201, 1)
    ended = client.get(f"{OFFERS}{offer.pk}/").json()
    assert (ended["status"], ended["quantity"], ended["accepted_quantity"]) == ("used", 2, 1)
    assert api(following.user).get(OFFERS).json()["results"][0]["quantity"] == 1


def test_accepting_all_says_how_many(offer):
    client = api(offer.user)
    assert client.get(f"{OFFERS}{offer.pk}/").json()["accepted_quantity"] is None

    client.post(f"{OFFERS}{offer.pk}/accept/", {"quantity": 2})

    assert client.get(f"{OFFERS}{offer.pk}/").json()["accepted_quantity"] == 2


@pytest.mark.parametrize("quantity", [0, 3, 11, "two", None, True])
def test_accepting_seats_that_are_not_offered_is_refused(offer, quantity):
    response = api(offer.user).post(f"{OFFERS}{offer.pk}/accept/", {"quantity": quantity})

    problem = assert_problem(response, 422, "invalid")
    assert set(problem["errors"]) == {"quantity"}
    assert Promotion.objects.get().is_pending


def test_accepting_refuses_unknown_fields(offer):
    response = api(offer.user).post(f"{OFFERS}{offer.pk}/accept/", {"quantitiy": 1})

    problem = assert_problem(response, 422, "invalid")
    assert "Did you mean “quantity”" in problem["errors"]["quantitiy"][0]
    assert Promotion.objects.get().is_pending


def test_offer_is_declined_and_goes_to_the_next(offer):
    following = WaitlistEntryFactory(event=Event.objects.get(), quantity=1)

    response = api(offer.user).post(f"{OFFERS}{offer.pk}/decline/")

    assert (response.status_code, response.json()["status"]) == (200, "declined")
    assert api(following.user).get(OFFERS).json()["results"][0]["status"] == "pending"


def test_expired_offer_cannot_be_accepted(offer, clock):
    clock.move(offer.expires_at - offer.promoted_at + timedelta(seconds=5))

    for action in ("accept", "decline"):
        response = api(offer.user).post(f"{OFFERS}{offer.pk}/{action}/")
        assert_problem(response, 409, "promotion_expired")
    assert Booking.objects.filter(status="confirmed").count() == 0


def test_offer_to_another_user_is_not_found(offer):
    stranger = api(UserFactory())

    assert stranger.get(OFFERS).json()["results"] == []
    assert_problem(stranger.get(f"{OFFERS}{offer.pk}/"), 404, "not_found")
    for action in ("accept", "decline"):
        assert_problem(stranger.post(f"{OFFERS}{offer.pk}/{action}/"), 404, "not_found")
    assert Promotion.objects.get().status == "pending"


def test_list_of_offers_takes_the_same_queries_for_1_and_for_10(django_assert_num_queries):
    user = UserFactory()
    client = api(user)

    def make_offer():
        event = EventFactory(total_capacity=1)
        booking = BookingFactory(event=event)
        WaitlistEntryFactory(event=event, user=user)
        cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)

    make_offer()
    with django_assert_num_queries(2):
        assert len(client.get(OFFERS).json()["results"]) == 1
    for _ in range(9):
        make_offer()
    with django_assert_num_queries(2):
        assert len(client.get(OFFERS).json()["results"]) == 10


# ── Events ──────────────────────────────────────────────────────────────────
def test_organizer_cancels_an_event():
    event = EventFactory(created_by=OrganizerFactory())
    client, url = api(event.created_by), f"/api/v1/events/{event.pk}/cancel/"

    response = client.post(url, {"reason": "The hall is flooded."})

    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert Event.objects.get().cancel_reason == "The hall is flooded."
    assert_problem(client.post(url, {}), 409, "already_cancelled")


def test_analytics_add_up(django_assert_num_queries):
    event = EventFactory(created_by=OrganizerFactory(), total_capacity=6, priced=10)
    BookingFactory(event=event, quantity=2)
    cancelled = BookingFactory(event=event, quantity=4)
    WaitlistEntryFactory(event=event, quantity=3)
    cancel_booking(event_id=event.pk, booking_id=cancelled.pk, by=Canceller.ORGANIZER)
    WaitlistEntryFactory(event=event, quantity=2)
    buyer = api(UserFactory())
    for quantity in (5, 0):
        body = {"event": str(event.pk), "quantity": quantity, "unit_price": "10.00"}
        buyer.post("/api/v1/bookings/", body)
    client = api(event.created_by)

    with django_assert_num_queries(7):
        figures = client.get(f"/api/v1/events/{event.pk}/analytics/").json()

    assert figures == {
        "event": str(event.pk),
        "total_capacity": 6,
        "available_seats": 1,
        "booked_seats": 2,
        "held_seats": 3,
        "waiting_entries": 1,
        "waiting_seats": 2,
        "bookings": 1,
        "cancelled_bookings": 1,
        "revenue": "20.00",
        "current_price": "10.00",
        "currency": "EUR",
        "attempts": {"invalid": 1, "sold_out": 1},
        "figures_until": None,
        "series": [],
        "lost_demand": [],
        "lost_demand_until": None,
    }


def test_analytics_of_an_empty_event_are_zero():
    event = EventFactory(created_by=OrganizerFactory())

    figures = api(event.created_by).get(f"/api/v1/events/{event.pk}/analytics/").json()

    assert (figures["revenue"], figures["attempts"], figures["held_seats"]) == ("0.00", {}, 0)


# ── The waitlist comes first ────────────────────────────────────────────────
def test_public_booking_of_seats_an_entry_fits_is_refused():
    event = EventFactory(total_capacity=2)
    BookingFactory(event=event, quantity=1)
    WaitlistEntryFactory(event=event, quantity=2)
    Event.objects.filter(pk=event.pk).update(total_capacity=3)

    response = api(UserFactory()).post("/api/v1/bookings/", {"event": str(event.pk), "quantity": 1})

    assert_problem(response, 409, "waitlist_first")
