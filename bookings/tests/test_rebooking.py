"""Booking and cancelling one event again and again is limited, for confirmed users too."""

from datetime import timedelta

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.operations import (
    Canceller,
    OwnerNotified,
    RebookedTooOften,
    book_as_guest,
    book_seats,
    cancel_booking,
)
from evently.accounts.factories import UserFactory, issued_token
from evently.origin import Origin
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.7", user_agent="test")


def book(user, event):
    return book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN)


def book_and_cancel(user, event, *, by=Canceller.ATTENDEE):
    booking = book(user, event)
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=by)


def test_sixth_booking_in_an_hour_is_refused_after_five_cancellations(clock):
    clock.stop()
    user, event = UserFactory(), EventFactory()
    for _ in range(5):
        book_and_cancel(user, event)

    with pytest.raises(RebookedTooOften, match=r"again in (59 minutes|1 hour)") as refusal:
        book(user, event)

    assert 3500 < refusal.value.retry_after_seconds <= 3600
    assert book(user, EventFactory())
    assert book(UserFactory(), event)


def test_cancellations_by_others_and_of_users_who_keep_bookings_do_not_count():
    user, event = UserFactory(), EventFactory()
    for _ in range(6):
        book_and_cancel(user, event, by=Canceller.ORGANIZER)
    BookingFactory.create_batch(3, event=event, user=user)
    for _ in range(8):
        book_and_cancel(user, event)

    with pytest.raises(RebookedTooOften):
        book(user, event)


@pytest.mark.django_db(transaction=True)
def test_limit_ends_after_an_hour_and_is_ten_a_day(clock):
    user, event = UserFactory(), EventFactory()
    for _ in range(5):
        book_and_cancel(user, event)
    clock.move(timedelta(hours=1, minutes=1))
    for _ in range(5):
        book_and_cancel(user, event)
    clock.move(timedelta(hours=3))
    with pytest.raises(RebookedTooOften, match=r"again in 2[01] hours"):
        book(user, event)

    clock.move(timedelta(days=1, minutes=2))
    assert book(user, event)


def test_api_says_what_was_limited_and_for_how_long(client):
    user, event = UserFactory(), EventFactory()
    token = issued_token(user).secret
    for _ in range(5):
        book_and_cancel(user, event)

    response = client.post(
        reverse("api_bookings"),
        {"event": str(event.pk), "quantity": 1},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )

    assert response.status_code == 429
    assert response.json()["code"] == "rebooking_limit"
    assert "again in" in response.json()["detail"]
    assert int(response.headers["Retry-After"]) > 3500


def test_page_says_it_too(client):
    user, event = UserFactory(), EventFactory()
    client.force_login(user)
    for _ in range(5):
        book_and_cancel(user, event)

    response = client.post(reverse("book", args=[event.pk]), {"quantity": "1"})

    assert response.status_code == 429
    assert "Please wait before booking again" in response.content.decode()


def test_only_the_owner_of_the_address_learns_it_from_a_guest():
    user, event = UserFactory(email="ana@example.org"), EventFactory()
    for _ in range(5):
        book_and_cancel(user, event)

    with pytest.raises(OwnerNotified):
        book_as_guest(
            event_id=event.pk,
            email="ana@example.org",
            name="Ana",
            quantity=1,
            origin=ORIGIN,
            holder="",
            form_idempotency=lambda user_id: None,
        )
