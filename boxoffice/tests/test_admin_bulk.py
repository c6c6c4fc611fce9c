"""Cancelling bookings from their list: one, several, and too many."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from bookings.admin import CANCELLED_AT_ONCE
from bookings.factories import BookingFactory
from boxoffice.tests.organizing import BOOKINGS
from events.factories import EventFactory
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db


def select(admin, bookings, **data):
    chosen = {"action": "cancel_selected", ACTION_CHECKBOX_NAME: [str(row.pk) for row in bookings]}
    return admin.post(BOOKINGS, chosen | data, follow=True)


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def test_too_many_bookings_at_once_are_refused_with_a_message(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=CANCELLED_AT_ONCE + 1)
    bookings = BookingFactory.create_batch(CANCELLED_AT_ONCE + 1, event=event)

    refused = select(admin, bookings[:1], select_across="1")
    asked = select(admin, bookings[:CANCELLED_AT_ONCE])

    assert messages_of(refused) == [
        "Select up to 100 bookings at once. To cancel all bookings of an event, cancel the event."
    ]
    assert "Frees 100 seats" in asked.content.decode()


def test_already_cancelled_bookings_are_reported(admin, organizer):
    event = EventFactory(created_by=organizer)
    booking = BookingFactory(event=event)
    select(admin, [booking], confirmed="yes", reason="Broken")

    assert messages_of(select(admin, [booking])) == ["These bookings have already been cancelled."]


def test_lists_link_to_the_actions_of_a_row(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=2)
    gone, booking = BookingFactory.create_batch(2, event=event)
    entry = WaitlistEntryFactory(event=event, quantity=2)
    select(admin, [gone], confirmed="yes", reason="Broken")

    attendees = admin.get(BOOKINGS).content.decode()
    line = admin.get("/admin/waitlists/waitlistentry/").content.decode()

    assert f"{BOOKINGS}{booking.pk}/cancel/" in attendees
    assert f"{BOOKINGS}{gone.pk}/cancel/" not in attendees
    assert f"/admin/waitlists/waitlistentry/{entry.pk}/move/" in line
