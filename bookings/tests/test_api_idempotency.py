"""Repeated requests to book, in the API."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from bookings.factories import BookingFactory
from bookings.models import Booking, BookingAttempt
from evently.accounts.factories import UserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory

BOOKINGS = "/api/v1/bookings/"


def request_for(event, **more):
    return {"event": str(event.pk), "quantity": 1, **more}


@pytest.mark.django_db
def test_response_to_a_cancellation_contains_who_cancelled():
    booking = BookingFactory()
    client = api(booking.user)
    answer = client.post(f"{BOOKINGS}{booking.pk}/cancel/", {}).json()
    assert answer["cancel_reason"] == "attendee"
    assert answer.items() <= client.get(f"{BOOKINGS}{booking.pk}/").json().items()


@pytest.mark.django_db
def test_same_key_returns_the_first_booking_again():
    event = EventFactory()
    client = api(UserFactory())
    body, headers = request_for(event), {"Idempotency-Key": "order 7"}

    first = client.post(BOOKINGS, body, headers=headers)
    again = client.post(BOOKINGS, dict(reversed(body.items())), headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Location"] == f"{BOOKINGS}{first.json()['id']}/"
    assert again.headers["Location"] == first.headers["Location"]
    assert Booking.objects.count() == 1
    assert BookingAttempt.objects.count() == 1


@pytest.mark.django_db
def test_same_key_for_another_body_is_refused():
    event = EventFactory()
    client = api(UserFactory())
    headers = {"Idempotency-Key": "order 7"}
    client.post(BOOKINGS, request_for(event), headers=headers)

    response = client.post(BOOKINGS, request_for(event, quantity=2), headers=headers)

    assert_problem(response, 422, "idempotency_mismatch")
    assert Booking.objects.count() == 1


@pytest.mark.django_db
def test_same_key_of_another_user_is_another_key():
    event = EventFactory()
    headers = {"Idempotency-Key": "order 7"}

    for _ in range(2):
        assert api(UserFactory()).post(BOOKINGS, request_for(event), headers=headers)

    assert Booking.objects.count() == 2


@pytest.mark.django_db
def test_refusal_does_not_use_up_the_key():
    event = EventFactory(total_capacity=1)
    taken = BookingFactory(event=event)
    client = api(UserFactory())
    headers = {"Idempotency-Key": "order 7"}
    assert_problem(client.post(BOOKINGS, request_for(event), headers=headers), 409, "sold_out")
    api(taken.user).post(f"{BOOKINGS}{taken.pk}/cancel/", {})

    assert client.post(BOOKINGS, request_for(event), headers=headers).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_invalid_keys_are_refused(key):
    response = api(UserFactory()).post(
        BOOKINGS, request_for(EventFactory()), headers={"Idempotency-Key": key}
    )

    assert_problem(response, 422, "idempotency_key_invalid")


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_concurrent_requests_with_the_same_key_make_one_booking():
    event, user = EventFactory(), UserFactory()
    clients = [api(user) for _ in range(6)]
    start = Barrier(len(clients))

    def book(client):
        try:
            start.wait(timeout=10)
            headers = {"Idempotency-Key": "order 7"}
            return client.post(BOOKINGS, request_for(event), headers=headers)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(book, clients))

    assert [one.status_code for one in answers] == [201] * len(clients)
    assert len({one.json()["id"] for one in answers}) == 1
    assert sum("Idempotent-Replayed" in one.headers for one in answers) == len(clients) - 1
    assert Booking.objects.count() == 1
    assert BookingAttempt.objects.count() == 1
