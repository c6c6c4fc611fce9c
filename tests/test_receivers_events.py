"""Changed and cancelled events notify the right users, in their own transaction."""

from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from boxoffice.lifecycle.operations import cancel_event, continue_cancellation
from evently.accounts.factories import UserFactory
from events.models import Event
from events.operations import edit_event
from events.signals import event_changed
from tests.notified import book, kinds_of, latest, offered, waiting_for_two, zurich

# Operations open durable transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting():
    return waiting_for_two()


def test_changed_event_notifies_attendees_and_the_waitlist(waiting):
    event, booking, user, _ = waiting
    stranger = UserFactory()
    event.refresh_from_db()

    edit_event(event_id=event.pk, version=event.version, venue="The Barn")

    for person in (booking.user, user):
        assert latest(person).type == "event_changed"
        assert latest(person).message == (
            "Jazz has changed. The venue is now The Barn (before: Old Mill, Ghent)."
        )
    assert kinds_of(stranger) == []


def test_renamed_event_is_called_by_both_names(waiting):
    event, booking, _, _ = waiting
    event.refresh_from_db()

    edit_event(event_id=event.pk, version=event.version, name="Swing")

    assert latest(booking.user).message == "Jazz has changed. The name is now Swing."


def test_change_can_be_saved_without_notifying(waiting):
    event, booking, user, _ = waiting
    event.refresh_from_db()
    before = kinds_of(booking.user), kinds_of(user)

    edit_event(event_id=event.pk, version=event.version, venue="The Barn", notify=False)

    assert (kinds_of(booking.user), kinds_of(user)) == before


def test_corrected_time_zone_gives_the_old_times_as_they_were_announced(waiting):
    event, booking, _, _ = waiting
    event.refresh_from_db()
    starts = event.event_date.astimezone(event.zone).replace(tzinfo=ZoneInfo("Europe/London"))

    edit_event(
        event_id=event.pk, version=event.version, timezone="Europe/London", event_date=starts
    )

    message = latest(booking.user).message
    assert "now Thu 2 Jul 2099, 20:30 BST (before: Thu 2 Jul 2099, 20:30 CEST)" in message

    # The same moment, told in another zone.
    edit_event(event_id=event.pk, version=None, timezone="Asia/Tokyo")

    message = latest(booking.user).message
    assert "now Fri 3 Jul 2099, 04:30 JST (before: Thu 2 Jul 2099, 20:30 BST)" in message


def test_user_with_two_bookings_is_notified_once_in_three_queries():
    event = zurich()
    user = UserFactory()
    book(event, user)
    book(event, user)

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        event_changed.send(sender=Event, event=event, changes={"venue": ("A", "B")})

    assert kinds_of(user).count("event_changed") == 1
    # One of them holds scheduled messages of the organizer.
    assert len(queries) == 3


@pytest.mark.parametrize("change", ["description", "refund_policy", "total_capacity"])
def test_changes_that_do_not_concern_attendees_notify_no_one(change):
    booking = book(zurich())
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        event_changed.send(sender=Event, event=booking.event, changes={change: (1, 2)})

    # A capacity may have become too small for people who wait: whether it has is looked up.
    assert len(queries) == (1 if change == "total_capacity" else 0)


def test_cancelled_event_notifies_everyone_once(waiting):
    event, booking, user, _ = waiting
    cancel_event(event_id=event.pk, reason="The heating broke down")
    continue_cancellation(event_id=event.pk)

    ends = {
        booking.user: f"Your booking {booking.booking_reference} (2 seats) is cancelled.",
        user: "You are no longer on its waitlist.",
    }
    for person, end in ends.items():
        assert kinds_of(person).count("event_cancelled") == 1
        assert latest(person).message == (
            "Jazz on Thu 2 Jul 2099, 20:30 CEST is cancelled. "
            f"The organizer's reason: The heating broke down. {end}"
        )


def test_cancelled_event_with_an_open_offer_notifies_of_the_cancellation_only(waiting):
    promotion = offered(waiting)
    cancel_event(event_id=promotion.event_id)
    continue_cancellation(event_id=promotion.event_id)

    assert kinds_of(promotion.user) == ["waitlist_join", "waitlist_promotion", "event_cancelled"]
