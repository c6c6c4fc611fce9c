"""Keyset pagination of pages; the API's is in test_api_pagination.py."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.factories import UserFactory
from evently.cursors import CursorInvalid, page_of
from events.factories import EventFactory
from events.models import Event

pytestmark = pytest.mark.django_db
BY_DATE = ("event_date", "id")


@pytest.mark.parametrize("name", ["home", "my_bookings", "my_waitlists", "inbox"])
def test_pages_answer_an_invalid_cursor_with_400(client, name):
    client.force_login(UserFactory())

    response = client.get(reverse(name), {"cursor": "nonsense"})

    assert response.status_code == 400
    assert 'data-code="cursor_invalid"' in response.content.decode()


def test_cursor_of_another_ordering_is_refused():
    EventFactory.create_batch(2)
    page = page_of(Event.objects.all(), ordering=BY_DATE, size=1)

    with pytest.raises(CursorInvalid):
        page_of(Event.objects.all(), ordering=("-event_date", "-id"), size=1, cursor=page.next)


def test_pages_are_ordered_by_columns_of_related_rows():
    bookings = BookingFactory.create_batch(3)
    in_order = sorted(bookings, key=lambda one: (one.event.event_date, one.pk), reverse=True)
    rows = Booking.objects.select_related("event")
    ordering = ("-event__event_date", "-id")

    first = page_of(rows, ordering=ordering, size=2)
    second = page_of(rows, ordering=ordering, size=2, cursor=first.next)
    back = page_of(rows, ordering=ordering, size=2, cursor=second.previous)

    assert [*first.rows, *second.rows] == in_order
    assert (back.rows, back.previous, second.next) == (first.rows, None, None)


def test_first_column_has_a_bound_of_its_own_for_the_index():
    EventFactory.create_batch(2)
    cursor = page_of(Event.objects.all(), ordering=BY_DATE, size=1).next

    with CaptureQueriesContext(connection) as queries:
        page_of(Event.objects.all(), ordering=BY_DATE, size=1, cursor=cursor)

    assert 'WHERE ("events"."event_date" >= ' in queries[0]["sql"]
