"""Bookings in the API."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import AttemptResult, Booking, BookingAttempt, Ticket
from bookings.qr import qr_text
from evently.accounts.factories import UserFactory
from evently.api.tests.client import api, assert_problem
from evently.audit.models import AuditLog
from events.factories import EventFactory
from events.models import Event, EventStatus

pytestmark = pytest.mark.django_db
BOOKINGS = "/api/v1/bookings/"


def request_for(event, **more):
    return {"event": str(event.pk), "quantity": 1, **more}


# ── Booking ─────────────────────────────────────────────────────────────────
def test_create_books_and_returns_the_booking():
    event = EventFactory(priced=20)
    user = UserFactory()

    response = api(user).post(BOOKINGS, request_for(event, quantity=2, unit_price="20.00"))

    assert response.status_code == 201
    booking = Booking.objects.get()
    assert response.headers["Location"] == f"{BOOKINGS}{booking.pk}/"
    body = response.json()
    assert body["id"] == str(booking.pk)
    assert body["booking_reference"] == booking.booking_reference
    assert body["booking_reference"].startswith("EVT")
    assert (body["status"], body["quantity"]) == ("confirmed", 2)
    assert (body["unit_price"], body["total_amount"]) == ("20.00", "40.00")
    assert body["event"]["id"] == str(event.pk)
    assert body["created_at"].endswith("Z")
    attempt = BookingAttempt.objects.get()
    assert (attempt.result, attempt.booking_id, attempt.user_id) == (
        AttemptResult.SUCCESS,
        booking.pk,
        user.pk,
    )


def test_audit_log_records_user_and_channel():
    user = UserFactory()

    response = api(user).post(BOOKINGS, request_for(EventFactory()))

    row = AuditLog.objects.get(table_name="bookings", row_id=response.json()["id"])
    assert (row.actor, row.via) == (str(user.pk), "api")
    assert row.request_id == response.headers["X-Request-ID"]


def test_create_takes_three_statements_with_quote_and_key_too():
    event = EventFactory(priced=20)
    client = api(UserFactory())
    quote = client.post(f"/api/v1/events/{event.pk}/quote/", {"quantity": 2}).json()["quote"]

    with CaptureQueriesContext(connection) as by_price:
        answer = client.post(BOOKINGS, request_for(event, unit_price="20.00"))
        assert answer.status_code == 201
    with CaptureQueriesContext(connection) as by_quote:
        assert client.post(BOOKINGS, request_for(event, quote=quote)).status_code == 201
    with CaptureQueriesContext(connection) as with_key:
        body = request_for(event, unit_price="20.00")
        answer = client.post(BOOKINGS, body, headers={"Idempotency-Key": "count-me"})
        assert answer.status_code == 201

    # The token; the event; the booking with its attempt, message, and answer to the key. This
    # test's transaction has two for a savepoint, where a request has none.
    assert [len(one) for one in (by_price, by_quote, with_key)] == [5, 5, 5]


def test_quote_protects_from_a_risen_price():
    event = EventFactory(priced=20)
    client = api(UserFactory())
    quote = client.post(f"/api/v1/events/{event.pk}/quote/", {"quantity": 2}).json()
    Event.objects.filter(pk=event.pk).update(current_price=Decimal("25.00"))

    response = client.post(BOOKINGS, request_for(event, quantity=2, quote=quote["quote"]))

    assert response.json()["total_amount"] == quote["total_amount"] == "40.00"


def test_risen_price_is_refused_with_both_prices():
    event = EventFactory(priced=25)

    response = api(UserFactory()).post(BOOKINGS, request_for(event, unit_price="20.00"))

    problem = assert_problem(response, 409, "price_changed")
    assert (problem["seen_price"], problem["current_price"]) == ("20.00", "25.00")
    assert BookingAttempt.objects.get().failure_reason == "price_changed"


def test_fallen_price_is_paid():
    event = EventFactory(priced=15)

    response = api(UserFactory()).post(BOOKINGS, request_for(event, unit_price="20.00"))

    assert response.json()["unit_price"] == "15.00"


def test_quote_of_another_user_is_refused():
    event = EventFactory(priced=20)
    quote = api(UserFactory()).post(f"/api/v1/events/{event.pk}/quote/", {}).json()["quote"]

    response = api(UserFactory()).post(BOOKINGS, request_for(event, quote=quote))

    assert_problem(response, 422, "quote_invalid")


def test_price_is_required_for_a_priced_event():
    response = api(UserFactory()).post(BOOKINGS, request_for(EventFactory(priced=20)))

    problem = assert_problem(response, 422, "price_required")
    assert problem["errors"]["unit_price"]


def past():
    now = timezone.now()
    return EventFactory(
        created_at=now - timedelta(days=9),
        published_at=now - timedelta(days=8),
        event_date=now - timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("make_event", "status", "code"),
    [
        (lambda: EventFactory(published_at=None), 404, "not_found"),
        (lambda: EventFactory(status=EventStatus.CANCELLED), 409, "sales_closed"),
        (lambda: EventFactory(status=EventStatus.COMPLETED), 409, "sales_closed"),
        (past, 409, "sales_closed"),
        (
            lambda: EventFactory(sales_start_at=timezone.now() + timedelta(days=1)),
            409,
            "sales_closed",
        ),
        (
            lambda: EventFactory(sales_end_at=timezone.now() - timedelta(seconds=1)),
            409,
            "sales_closed",
        ),
        (lambda: EventFactory(max_per_person=1), 409, "person_limit"),
        (lambda: EventFactory(max_per_booking=1), 422, "booking_limit"),
        (lambda: EventFactory(total_capacity=1), 409, "sold_out"),
    ],
)
def test_refusals_return_their_code_and_are_logged(make_event, status, code):
    event = make_event()
    user = UserFactory()

    response = api(user).post(BOOKINGS, request_for(event, quantity=2))

    assert_problem(response, status, code)
    assert not Booking.objects.exists()
    attempt = BookingAttempt.objects.get()
    assert (attempt.event_id, attempt.user_id, attempt.quantity) == (event.pk, user.pk, 2)
    assert (attempt.result, attempt.failure_reason) == (AttemptResult.FAILED, code)


@pytest.mark.parametrize(
    ("quantity", "logged"),
    [
        (0, 0),
        (-1, -1),
        (11, 11),
        (2**70, None),
        ("x", None),
        (None, None),
        (1.5, None),
        ([1], None),
    ],
)
def test_invalid_quantities_are_refused_and_logged(quantity, logged):
    event = EventFactory()

    response = api(UserFactory()).post(BOOKINGS, request_for(event, quantity=quantity))

    problem = assert_problem(response, 422, "invalid")
    assert list(problem["errors"]) == ["quantity"]
    attempt = BookingAttempt.objects.get()
    assert (attempt.quantity, attempt.failure_reason) == (logged, "invalid")


@pytest.mark.parametrize("event_id", [str(UUID(int=0)), "x", 7, None, [], {"id": 1}])
def test_invalid_requests_for_unknown_events_are_not_logged(event_id):
    response = api(UserFactory()).post(BOOKINGS, {"event": event_id, "quantity": 0})

    assert_problem(response, 422, "invalid")
    assert not BookingAttempt.objects.exists()


def test_unknown_event_is_not_found():
    response = api(UserFactory()).post(BOOKINGS, {"event": str(uuid4()), "quantity": 1})

    assert_problem(response, 404, "not_found")


# ── Reading ─────────────────────────────────────────────────────────────────
def test_list_returns_own_bookings_newest_first():
    user = UserFactory()
    BookingFactory()
    bookings = [BookingFactory(user=user) for _ in range(3)]

    body = api(user).get(BOOKINGS).json()

    assert [one["id"] for one in body["results"]] == [str(one.pk) for one in bookings[::-1]]
    assert (body["next"], body["previous"]) == (None, None)


def test_list_is_filtered_by_status_and_event():
    user = UserFactory()
    first, second = (BookingFactory(user=user) for _ in range(2))
    client = api(user)
    client.post(f"{BOOKINGS}{first.pk}/cancel/", {})

    by_status = client.get(BOOKINGS, {"status": "cancelled"}).json()["results"]
    by_event = client.get(BOOKINGS, {"event": second.event_id}).json()["results"]

    assert [one["id"] for one in by_status] == [str(first.pk)]
    assert [one["id"] for one in by_event] == [str(second.pk)]


def test_list_has_one_query_count_for_1_and_100_bookings(django_assert_num_queries):
    user = UserFactory()
    client = api(user)
    event = EventFactory(total_capacity=200)
    BookingFactory(user=user, event=event)
    with django_assert_num_queries(2):
        assert len(client.get(BOOKINGS, {"limit": 100}).json()["results"]) == 1
    for _ in range(99):
        BookingFactory(user=user, event=event)

    with django_assert_num_queries(2):
        assert len(client.get(BOOKINGS, {"limit": 100}).json()["results"]) == 100


def test_detail_has_tickets(django_assert_num_queries):
    booking = BookingFactory(quantity=2)
    client = api(booking.user)

    with django_assert_num_queries(3):
        body = client.get(f"{BOOKINGS}{booking.pk}/").json()

    secrets = {one["secret"] for one in body["tickets"]}
    assert secrets == set(Ticket.objects.values_list("secret", flat=True))
    assert len(secrets) == 2


@pytest.mark.parametrize("path", ["", "calendar.ics", "ticket.svg"])
def test_booking_of_another_user_is_not_found(path):
    booking = BookingFactory()

    assert_problem(api(UserFactory()).get(f"{BOOKINGS}{booking.pk}/{path}"), 404, "not_found")


def test_calendar_file_is_served():
    booking = BookingFactory()

    for accept in ("*/*", "text/calendar"):
        response = api(booking.user).get(
            f"{BOOKINGS}{booking.pk}/calendar.ics", headers={"Accept": accept}
        )
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert response.content.startswith(b"BEGIN:VCALENDAR")


def test_ticket_is_the_qr_code_of_its_secret():
    booking = BookingFactory(quantity=2)
    client = api(booking.user)
    first, second = Ticket.objects.order_by("id")
    url = f"{BOOKINGS}{booking.pk}/ticket.svg"

    default, by_id = client.get(url), client.get(url, {"ticket": second.pk})

    assert default.headers["Content-Type"] == "image/svg+xml"
    assert default.content.startswith(b"<?xml")
    assert default.content == client.get(url, {"ticket": first.pk}).content != by_id.content
    assert second.secret in qr_text(second)
    assert_problem(client.get(url, {"ticket": uuid4()}), 404, "not_found")
    assert_problem(client.get(url, {"ticket": "x"}), 422, "invalid")


# ── Cancelling ──────────────────────────────────────────────────────────────
def test_cancelling_returns_seats_once():
    booking = BookingFactory(event__total_capacity=5, quantity=2)
    client = api(booking.user)
    url = f"{BOOKINGS}{booking.pk}/cancel/"

    response = client.post(url, {"quantity": 2})

    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert response.json()["cancelled_at"].endswith("Z")
    assert Event.objects.get().available_seats == 5
    assert_problem(client.post(url, {}), 409, "already_cancelled")
    assert_problem(client.get(f"{BOOKINGS}{booking.pk}/ticket.svg"), 409, "ticket_not_valid")
    assert Event.objects.get().available_seats == 5


def test_cancelling_again_with_the_same_key_returns_the_same_response():
    booking = BookingFactory()
    client, url = api(booking.user), f"{BOOKINGS}{booking.pk}/cancel/"
    headers = {"Idempotency-Key": "k"}

    first, again = (client.post(url, {}, headers=headers) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()


def test_cancelling_requires_no_body():
    booking = BookingFactory()

    response = api(booking.user).post(f"{BOOKINGS}{booking.pk}/cancel/")

    assert response.status_code == 200


def test_cancelling_some_of_the_seats_is_refused():
    booking = BookingFactory(quantity=3)

    response = api(booking.user).post(f"{BOOKINGS}{booking.pk}/cancel/", {"quantity": 1})

    assert_problem(response, 409, "partial_cancellation_unsupported")


def test_cancelling_after_the_deadline_is_refused():
    event = EventFactory(priced=10, event_date=timezone.now() + timedelta(hours=47))
    booking = BookingFactory(event=event)

    response = api(booking.user).post(f"{BOOKINGS}{booking.pk}/cancel/", {})

    assert_problem(response, 409, "cancellation_closed")


def test_cancelling_the_booking_of_another_user_is_not_found():
    booking = BookingFactory()

    response = api(UserFactory()).post(f"{BOOKINGS}{booking.pk}/cancel/", {})

    assert_problem(response, 404, "not_found")
    assert Booking.objects.get().is_confirmed
