"""How many statements pages take that are asked for most in a sale: no more than these."""

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.factories import UserFactory
from evently.tests.forms import filled_fields
from events.factories import EventFactory
from notifications.factories import NotificationFactory

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = 2  # session, user
HEADER = 1  # unread notifications


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def event():
    return EventFactory(priced=20)


def fields_of(page, **more):
    """Return the fields that the checkout's form submits."""
    return filled_fields(page) | more


@pytest.mark.parametrize("count", [1, 3])
def test_own_bookings(client, user, django_assert_max_num_queries, count):
    BookingFactory.create_batch(count, user=user)

    with django_assert_max_num_queries(LOGIN + 2 + HEADER):  # clock, bookings
        page = client.get(reverse("my_bookings"))

    assert len(page.context["bookings"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_inbox(client, user, django_assert_max_num_queries, count):
    NotificationFactory.create_batch(count, user=user)

    with django_assert_max_num_queries(LOGIN + 3 + HEADER):  # notifications, clock, offers
        page = client.get(reverse("inbox"))

    assert len(page.context["notifications"]) == count


def test_purchase_of_a_user(client, event, django_assert_max_num_queries):
    path = reverse("book", args=[event.pk])
    with django_assert_max_num_queries(LOGIN + 3 + HEADER):  # event, own bookings, waitlist
        page = client.get(path)

    with django_assert_max_num_queries(LOGIN + 3):  # event, event with own bookings, the booking
        booked = client.post(path, fields_of(page))

    with django_assert_max_num_queries(LOGIN + 1 + HEADER):  # booking
        done = client.get(booked.url)
    assert Booking.objects.get().booking_reference in done.content.decode()


def test_purchase_of_a_guest(event, django_assert_max_num_queries):
    client = Client()
    path = reverse("book", args=[event.pk])
    with django_assert_max_num_queries(2):  # event, waitlist
        page = client.get(path)

    # event; guest, user; event with own bookings, the booking
    with django_assert_max_num_queries(5):
        booked = client.post(path, fields_of(page, name="Ana", email="ana@example.org"))

    with django_assert_max_num_queries(1):  # booking
        done = client.get(booked.url)
    assert Booking.objects.get().booking_reference in done.content.decode()
