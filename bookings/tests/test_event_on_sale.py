"""What a booking reads of its event, without a lock: one prepared query."""

import pytest

from bookings.operations.booking import event_on_sale
from evently.tests.rows import book, event, person
from events.locks import EventNotFound
from events.models import Event

pytestmark = pytest.mark.django_db


def test_it_has_the_time_and_what_the_user_has_booked(django_assert_num_queries):
    event_id, user_id = event(), person()
    book(event_id, 2, user_id=user_id)
    with django_assert_num_queries(1):
        found, at = event_on_sale(event_id, user_id=user_id)
    assert vars(found)["so_far"] == {"living": 1, "hour": 0, "day": 0}
    assert at.utcoffset().total_seconds() == 0
    other, _ = event_on_sale(event_id, user_id=person())
    assert vars(other)["so_far"] is None


def test_an_unpublished_event_is_not_found():
    event_id = event()
    Event.objects.filter(pk=event_id).update(published_at=None)
    with pytest.raises(EventNotFound):
        event_on_sale(event_id, user_id=person())
