"""Organizers see which attendees share a mailbox, in neutral words."""

import pytest

from bookings.factories import BookingFactory
from bookings.operations import Canceller, cancel_booking
from boxoffice.tests.organizing import tab
from evently.accounts.factories import UserFactory
from events.factories import EventFactory
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db

BOX = "a" * 64


@pytest.fixture
def event(organizer):
    return EventFactory(created_by=organizer, total_capacity=4)


def notes(client, event, key):
    """Return {name: note} of the rows of a list whose person shares a mailbox."""
    page = client.get(tab(event, key)).content.decode()
    rows = [row.split("</tr>")[0] for row in page.split("<tr")]
    return {
        row.split('<span class="ev-two"><span>')[1].split("<")[0]: row.split("<small>Same ")[
            1
        ].split("<")[0]
        for row in rows
        if "<small>Same " in row
    }


def test_attendees_who_share_a_mailbox_are_pointed_out(admin, event):
    for name in ("Ana", "Ann", "An"):
        BookingFactory(event=event, user=UserFactory(name=name), mailbox=BOX)
    BookingFactory(event=event, user=UserFactory(name="Bo"), mailbox="b" * 64)
    BookingFactory(event=EventFactory(), mailbox="b" * 64)

    shared = "mailbox as 2 others"
    assert notes(admin, event, "attendees") == {"Ana": shared, "Ann": shared, "An": shared}


def test_several_bookings_of_one_user_are_not_pointed_out(admin, event):
    user = UserFactory(name="Ana")
    BookingFactory.create_batch(2, event=event, user=user, mailbox=BOX)
    BookingFactory(event=event)
    gone = BookingFactory(event=event, mailbox=BOX)
    cancel_booking(event_id=event.pk, booking_id=gone.pk, by=Canceller.ORGANIZER)

    assert notes(admin, event, "attendees") == {}


def test_waitlist_points_out_who_shares_a_mailbox_with_entries_or_bookings(admin, event):
    ann = UserFactory(name="Ann")
    BookingFactory(event=event, user=ann, quantity=3, mailbox=BOX)
    BookingFactory(event=event)
    for user, confirmed in ((UserFactory(name="Ana"), True), (ann, False), (UserFactory(), True)):
        entry = WaitlistEntryFactory.build(event=event, user=user)
        WaitlistEntryFactory(
            event=event,
            user=user,
            mailbox=BOX if user.name.startswith("An") else None,
            confirmed_at=entry.confirmed_at if confirmed else None,
        )

    assert notes(admin, event, "waitlist") == {
        "Ana": "mailbox as 1 other",
        "Ann": "mailbox as 1 other",
    }


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("key", ["attendees", "waitlist"])
def test_hint_costs_no_query(admin, event, django_assert_max_num_queries, count, key):
    for _ in range(count):
        BookingFactory(event=event, mailbox=BOX)
    BookingFactory(event=event, quantity=4 - count)
    for number in range(count):
        WaitlistEntryFactory(event=event, mailbox=f"{number}" * 64)
    with django_assert_max_num_queries(11 if key == "waitlist" else 9):
        admin.get(tab(event, key))
