"""Changes of events with many people: all are notified once, some of them later."""

from collections import Counter

import pytest

from bookings.factories import BookingFactory
from events.factories import EventFactory
from events.operations import edit_event
from notifications import tasks
from notifications.models import Announcement, Notification
from notifications.operations import announcing

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(monkeypatch):
    """An event with more people than are notified in one transaction."""
    monkeypatch.setattr(announcing, "BATCH", 2)
    event = EventFactory(name="Jazz", venue="Old Mill")
    for _ in range(5):
        BookingFactory(event=event)
    return event


def change(event, **changes):
    return edit_event(event_id=event.pk, version=None, **changes)


def told():
    """Return how often each user was notified of each change."""
    messages = Notification.objects.filter(type="event_changed")
    return Counter(messages.values_list("user_id", "message"))


def test_a_few_are_notified_with_the_change_and_the_others_in_the_background(
    crowd, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        change(crowd, venue="The Barn")
    assert (len(told()), len(callbacks)) == (2, 1)

    tasks.continue_announcements_of(str(crowd.pk))

    assert len(told()) == 5
    assert set(told().values()) == {1}
    assert {message for _, message in told()} == {
        "Jazz has changed. The venue is now The Barn (before: Old Mill)."
    }
    assert not Announcement.objects.exists()


def test_after_a_crash_the_others_are_notified_and_no_one_twice(crowd, monkeypatch):
    change(crowd, venue="The Barn")
    change(crowd, name="Swing")
    run_in_transaction, left = announcing.run_in_transaction, [True, True]

    def crash(work):
        left.pop()
        return run_in_transaction(work)

    monkeypatch.setattr(announcing, "run_in_transaction", crash)
    with pytest.raises(IndexError):
        announcing.continue_announcements(event_id=crowd.pk)
    assert len(told()) == 6
    monkeypatch.undo()

    tasks.continue_announcements()

    assert len(told()) == 10
    assert set(told().values()) == {1}
    assert announcing.events_to_continue() == []


def test_an_event_with_few_people_has_nothing_to_continue(crowd, monkeypatch):
    monkeypatch.setattr(announcing, "BATCH", 5)

    change(crowd, venue="The Barn")

    assert len(told()) == 5
    assert not Announcement.objects.exists()
