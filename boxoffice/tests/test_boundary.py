"""When an event is over, said the same everywhere, on either side of the moment."""

from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from boxoffice.lifecycle import operations, queries
from boxoffice.storefront.presenters import EventPresenter
from evently.database.clock import now
from events.factories import EventFactory
from events.models import Event, over_by
from events.operations import EventOver
from events.queries import find_events

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
AHEAD = timedelta(days=30)


@pytest.mark.parametrize("length", [None, timedelta(0), timedelta(hours=4)])
@pytest.mark.parametrize("after_start", [-60, 60, 2 * 3600, 4 * 3600 - 60, 4 * 3600 + 60])
def test_all_agree_on_whether_an_event_is_over(client, clock, length, after_start):
    starts = now() + AHEAD
    event = EventFactory(event_date=starts, ends_at=None if length is None else starts + length)
    booking = BookingFactory(event=event)
    clock.move(AHEAD + after_start * SECOND)
    at = now()
    is_over = after_start >= (length or timedelta(0)).total_seconds()

    assert event.is_over(at=at) is is_over
    assert Event.objects.filter(over_by(at)).exists() is is_over
    assert Event.objects.over().exists() is is_over
    assert Event.objects.current().exists() is not is_over
    assert find_events().exists() is not is_over
    presenter = EventPresenter(event, at=at)
    assert presenter.is_over is is_over
    assert presenter.is_running is (after_start >= 0 and not is_over)
    client.force_login(booking.user)
    assert (event.name in client.get("/bookings/").content.decode()) is not is_over
    assert queries.events_to_complete() == ([event.pk] if is_over else [])
    if is_over:
        with pytest.raises(EventOver):
            operations.cancel_event(event_id=event.pk)

    operations.complete_event(event_id=event.pk)

    event.refresh_from_db()
    assert (event.status == "completed") is is_over


def test_organizer_of_an_event_that_is_on_now_cannot_be_erased(clock):
    starts = now() + AHEAD
    event = EventFactory(event_date=starts, ends_at=starts + timedelta(hours=4))
    clock.move(AHEAD + timedelta(hours=1))

    with pytest.raises(operations.OrganizerStays):
        operations.erase_person(user_id=event.created_by_id)
    clock.move(AHEAD + timedelta(hours=5))
    operations.erase_person(user_id=event.created_by_id)
