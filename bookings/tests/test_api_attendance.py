"""Whether attendees are still coming, in the API."""

from datetime import UTC, datetime, timedelta

import pytest

from bookings.factories import BookingFactory
from bookings.models import AttendanceCheck, Booking
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

BOOKINGS = "/api/v1/bookings/"


@pytest.fixture
def event():
    start = datetime.now(UTC) + timedelta(days=10)
    return EventFactory(event_date=start, ask_days_before=14, unanswered_policy="return", priced=20)


@pytest.fixture
def booking(event):
    return asked(event)


def asked(event, **columns):
    booking = BookingFactory(event=event, quantity=2, unanswered_policy="return", **columns)
    AttendanceCheck.objects.create(
        booking=booking, event=event, event_date=event.event_date, seats=2
    )
    return booking


def answer(booking, coming, user=None, **more):
    url = f"{BOOKINGS}{booking.pk}/attendance/"
    return api(user or booking.user).post(url, {"coming": coming}, **more)


def test_event_says_what_attendees_are_asked(event):
    soon = EventFactory(
        event_date=event.event_date + timedelta(days=20),
        ask_days_before=5,
        unanswered_policy="keep",
    )
    body = api().get(f"/api/v1/events/{soon.pk}/").json()
    assert (body["ask_days_before"], body["unanswered_policy"]) == (5, "keep")
    assert body["attendance_terms"].endswith("If you do not answer, you keep your seats.")
    # It has asked already: who books now is not asked.
    assert api().get(f"/api/v1/events/{event.pk}/").json()["attendance_terms"] is None


def test_organizer_sets_when_to_ask():
    organizer = OrganizerFactory()
    event = EventFactory(created_by=organizer)
    client, url = api(organizer), f"/api/v1/events/{event.pk}/"
    etag = client.get(url).headers["ETag"]
    changed = client.patch(
        url,
        {"ask_days_before": 7, "unanswered_policy": "return"},
        headers={"If-Match": etag},
    )
    assert (changed.status_code, changed.json()["ask_days_before"]) == (200, 7)
    problem = assert_problem(
        client.patch(url, {"ask_days_before": 20}, headers={"If-Match": changed.headers["ETag"]}),
        422,
        "invalid",
    )
    assert "ask_days_before" in str(problem)


def test_booking_shows_the_question(booking):
    body = api(booking.user).get(f"{BOOKINGS}{booking.pk}/").json()
    assert body["unanswered_policy"] == "return"
    question = body["attendance"]
    assert (question["state"], question["coming"], question["asked_again_at"]) == (
        "open",
        None,
        None,
    )
    assert question["asked_at"]
    assert "may be cancelled and offered to people on the waitlist" in question["text"]


def test_booking_of_an_event_that_asks_no_one_has_no_question():
    booking = BookingFactory()
    body = api(booking.user).get(f"{BOOKINGS}{booking.pk}/").json()
    assert (body["unanswered_policy"], body["attendance"]) == (None, None)


def test_answers(booking):
    body = answer(booking, 2).json()
    assert (body["attendance"]["state"], body["attendance"]["coming"]) == ("answered", 2)
    body = answer(booking, 1).json()
    assert (body["quantity"], body["total_amount"], body["attendance"]["coming"]) == (
        1,
        "20.00",
        1,
    )
    body = answer(booking, 0).json()
    assert (body["status"], body["cancelled_by"]) == ("cancelled", "attendee")
    assert_problem(answer(booking, 0), 409, "already_cancelled")


def test_repeated_request_gives_seats_back_once(booking):
    headers = {"Idempotency-Key": "one tap"}
    first, again = (answer(booking, 1, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Booking.objects.get().quantity == 1


@pytest.mark.parametrize("coming", [-1, 3, 11, None, "all"])
def test_wrong_number_of_seats_is_refused(booking, coming):
    problem = assert_problem(answer(booking, coming), 422, "invalid")
    assert "coming" in str(problem)
    assert Booking.objects.get().quantity == 2


def test_booking_of_another_user_is_not_found(booking):
    assert_problem(answer(booking, 0, user=UserFactory()), 404, "not_found")
    assert Booking.objects.get().is_confirmed


def test_booking_that_was_not_asked(event):
    assert_problem(answer(BookingFactory(event=event), 1), 409, "not_asked")


def test_list_takes_the_same_statements_for_1_and_3(event, django_assert_num_queries):
    user = UserFactory()
    client = api(user)
    asked(event, user=user)
    client.get(BOOKINGS)
    with django_assert_num_queries(4):
        client.get(BOOKINGS)
    asked(event, user=user)
    asked(event, user=user)
    with django_assert_num_queries(4):
        states = [one["attendance"]["state"] for one in client.get(BOOKINGS).json()["results"]]
    assert states == ["open"] * 3


def test_organizers_see_the_answers():
    start = datetime.now(UTC) + timedelta(days=10)
    organizer = OrganizerFactory()
    event = EventFactory(event_date=start, ask_days_before=14, created_by=organizer)
    asked(event)
    answer(asked(event), 1)
    rows = api(organizer).get(f"/api/v1/events/{event.pk}/bookings/").json()["results"]
    assert [row["attendance"]["state"] for row in rows] == ["answered", "open"]
