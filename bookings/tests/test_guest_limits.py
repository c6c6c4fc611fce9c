"""Guests book a limited number of times an hour from one client, and from one network."""

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from bookings.operations import GuestLimit
from bookings.operations.guest_limits import BOOKINGS, JOINS, count_guest, only_what_was_sent_counts
from bookings.operations.owner_notified import OwnerNotified
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.errors import Conflict
from evently.origin import Origin
from evently.throttle import network_of
from events.factories import EventFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]


@pytest.fixture(autouse=True)
def few_guests(settings):
    """Two bookings from one client, eight from one network."""
    settings.GUESTS_PER_HOUR = 1


def book(event, number, *, address="192.0.2.7", client=None, **fields):
    form = {"name": "Ada", "email": f"ada{number}@example.org", "quantity": "1", "unit_price": "0"}
    return (client or Client()).post(
        reverse("book", args=[event.pk]), form | fields, REMOTE_ADDR=address
    )


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("nonsense", None),
        (None, None),
    ],
)
def test_network_of_an_address(address, network):
    assert network_of(address) == network


def test_one_client_is_limited_and_keeps_what_was_typed():
    event = EventFactory()
    assert [book(event, number).status_code for number in range(2)] == [302, 302]

    refused = book(event, 2, quantity="3")

    page = refused.content.decode()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3590")
    assert "Please log in to book" in page
    assert "Log in to go on at once, or try again in 60 minutes." in page
    assert f"{reverse('log_in')}?next={reverse('book', args=[event.pk])}" in page
    for typed in ("Ada", "ada2@example.org", "3"):
        assert f'value="{typed}"' in page
    assert Booking.objects.count() == 2
    assert not User.objects.with_address("ada2@example.org").exists()


def test_another_client_and_another_event_are_not_limited():
    event = EventFactory()
    for number in range(3):
        book(event, number)

    assert book(event, 3, address="192.0.2.8").status_code == 302
    assert book(EventFactory(), 4).status_code == 302


def test_one_network_is_limited_also_from_many_clients():
    event = EventFactory(total_capacity=50)
    statuses = [
        book(event, number, address=f"192.0.2.{number}").status_code for number in range(10)
    ]

    assert statuses == [302] * 8 + [429] * 2
    assert book(event, 11, address="198.51.100.1").status_code == 302


def test_client_that_goes_on_does_not_use_up_the_limit_of_its_network():
    event = EventFactory(total_capacity=50)
    for number in range(20):
        book(event, number)

    assert book(event, 21, address="192.0.2.8").status_code == 302


def test_logging_in_lifts_the_limit(client):
    event = EventFactory()
    for number in range(3):
        book(event, number)
    client.force_login(UserFactory())

    assert book(event, 3, client=client).status_code == 302


def test_refused_and_repeated_forms_do_not_count():
    event = EventFactory(total_capacity=50)
    for number in range(5):
        assert book(event, number, quantity="60").status_code == 422
        assert book(event, number, email="not an address").status_code == 422
    form = {"idempotency_key": "the same form"}

    _first, *again = [book(event, 1, **form) for _ in range(5)]

    assert {one.status_code for one in again} == {302}
    assert Booking.objects.count() == 1
    assert book(event, 2).status_code == 302
    assert book(event, 3).status_code == 429
    assert book(event, 1, **form).status_code == 302, "a repeated form shows its booking"


def test_reason_that_only_the_owner_may_learn_counts():
    counted = count_guest(JOINS, event_id=(event_id := uuid7()), origin=Origin("192.0.2.7"))
    with pytest.raises(OwnerNotified), only_what_was_sent_counts(counted):
        raise OwnerNotified
    with pytest.raises(GuestLimit):
        count_guest(JOINS, event_id=event_id, origin=Origin("192.0.2.7"))

    counted = count_guest(BOOKINGS, event_id=event_id, origin=Origin("192.0.2.7"))
    with pytest.raises(Conflict), only_what_was_sent_counts(counted):
        raise Conflict
    assert count_guest(BOOKINGS, event_id=event_id, origin=Origin("192.0.2.7"))[0].used == 1


def test_limit_holds_while_redis_is_down(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    event = EventFactory()

    assert [book(event, number).status_code for number in range(3)] == [302, 302, 429]
