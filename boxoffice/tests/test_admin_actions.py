"""Admin actions: publish, copy, cancel, delete, set a priority."""

import pytest

from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.lifecycle import operations
from boxoffice.tests.organizing import BOOKINGS, EVENTS, tab
from evently.database.clock import now
from events.factories import EventFactory
from events.models import Event
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import WaitlistEntry
from waitlists.receipt import receipt_of
from waitlists.tests.helpers import full_event, join

pytestmark = pytest.mark.django_db


def test_publish_asks_first_and_refuses_the_second_time(admin, organizer):
    event = EventFactory(created_by=organizer, published_at=None)
    url = f"{EVENTS}{event.pk}/publish/"

    asked = admin.get(url)
    event.refresh_from_db()
    assert not event.is_published
    assert asked.status_code == 200
    admin.post(url, {"confirmed": "yes"})
    event.refresh_from_db()
    assert event.is_published
    again = admin.post(url, {"confirmed": "yes"})
    assert "already published" in again.content.decode()


def test_copy_creates_a_draft(admin, organizer):
    event = EventFactory(created_by=organizer, name="Fair")

    admin.post(f"{EVENTS}{event.pk}/copy/", {"confirmed": "yes"})

    copy = Event.objects.exclude(pk=event.pk).get()
    assert (copy.name, copy.is_published) == ("Fair (copy)", False)


def test_cancel_event_requires_a_reason_and_shows_progress(admin, organizer):
    event = EventFactory(created_by=organizer)
    BookingFactory(event=event, quantity=2)
    url = f"{EVENTS}{event.pk}/cancel/"

    assert "1 (2 seats)" in admin.get(url).content.decode()
    assert "required" in admin.post(url, {"confirmed": "yes", "reason": " "}).content.decode()
    admin.post(url, {"confirmed": "yes", "reason": "Storm"})

    event.refresh_from_db()
    assert (event.status, event.cancel_reason) == ("cancelled", "Storm")
    assert admin.get(tab(event, "overview")).context["cancellation"]["left"] == 1
    operations.continue_cancellation(event_id=event.pk)
    progress = admin.get(tab(event, "overview")).context["cancellation"]
    assert (progress["left"], progress["percent"]) == (0, 100)


def test_delete_is_for_events_without_bookings(admin, organizer):
    booked, unbooked = EventFactory.create_batch(2, created_by=organizer)
    BookingFactory(event=booked)

    refused = admin.post(f"{EVENTS}{booked.pk}/remove/", {"confirmed": "yes"})
    admin.post(f"{EVENTS}{unbooked.pk}/remove/", {"confirmed": "yes"})

    assert "has bookings" in refused.content.decode()
    assert list(Event.objects.all()) == [booked]
    assert admin.post(f"{EVENTS}{booked.pk}/delete/").status_code == 403


def test_event_with_a_waitlist_is_cancelled_before_it_is_deleted(admin, organizer):
    event, booking = full_event(created_by=organizer)
    join(event)
    Booking.objects.filter(pk=booking.pk).delete()
    Event.objects.filter(pk=event.pk).update(published_at=None)

    refused = admin.post(f"{EVENTS}{event.pk}/remove/", {"confirmed": "yes"})

    assert "Cancel it first" in refused.content.decode()
    assert f"{EVENTS}{event.pk}/cancel/" in admin.get(tab(event, "overview")).content.decode()
    admin.post(f"{EVENTS}{event.pk}/cancel/", {"confirmed": "yes", "reason": "Storm"})
    event.refresh_from_db()
    assert event.is_cancelled


def test_booking_is_cancelled_with_a_reason(admin, organizer):
    booking = BookingFactory(event__created_by=organizer)
    url = f"{BOOKINGS}{booking.pk}/cancel/"

    admin.get(url)
    admin.post(url, {"confirmed": "yes", "reason": "Row G is broken"})
    again = admin.post(url, {"confirmed": "yes", "reason": "Again"}, follow=True)

    booking.refresh_from_db()
    assert (booking.status, booking.cancel_reason) == ("cancelled", "Row G is broken")
    assert "has already been cancelled" in again.content.decode()


def test_selected_bookings_are_cancelled_after_confirmation(admin, organizer):
    event = EventFactory(created_by=organizer)
    bookings = BookingFactory.create_batch(3, event=event)
    chosen = {
        "action": "cancel_selected",
        "_selected_action": [str(booking.pk) for booking in bookings[:2]],
    }

    asked = admin.post(BOOKINGS, chosen)
    assert "Cancel 2 bookings?" in asked.content.decode()
    assert Booking.objects.holding_seats().count() == 3
    admin.post(BOOKINGS, chosen | {"confirmed": "yes", "reason": "Fewer chairs"})

    assert Booking.objects.holding_seats().get() == bookings[2]


def test_an_entry_is_moved_with_a_reason(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=1)
    BookingFactory(event=event)
    first, second = WaitlistEntryFactory.create_batch(2, event=event)
    url = f"/admin/waitlists/waitlistentry/{second.pk}/move/"

    assert "2 of 2" in admin.get(url).content.decode()
    refused = admin.post(url, {"confirmed": "yes", "position": "1", "reason": ""})
    assert "Enter a reason." in refused.content.decode()
    unchanged = admin.post(url, {"confirmed": "yes", "position": "2", "reason": "x"})
    assert "at position 2 already" in unchanged.content.decode()
    admin.post(url, {"confirmed": "yes", "position": "1", "reason": "Helps with the chairs"})

    entries = WaitlistEntry.objects.filter(event=event).order_by("position")
    assert [entry.pk for entry in entries] == [second.pk, first.pk]
    assert entries[0].priority_reason == "Helps with the chairs"
    # The next move starts with an empty reason.
    assert "Helps with the chairs" not in admin.get(url).content.decode()


def test_seats_are_offered_out_of_order_with_a_reason(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=1)
    BookingFactory(event=event)
    first, second = WaitlistEntryFactory.create_batch(2, event=event)
    url = f"/admin/waitlists/waitlistentry/{second.pk}/offer/"
    form = {"confirmed": "yes", "quantity": "1", "reason": "Speaker"}

    assert "1 person is ahead" in admin.get(url).content.decode()
    assert "Add 1 seat to the event" in admin.post(url, form).content.decode()
    admin.post(url, form | {"add_seats": "on"})

    page = admin.get(tab(event, "waitlist"))
    (row,) = page.context["offers"]
    assert row["label"] == "open"
    assert "By an organizer: Speaker" in page.content.decode()
    receipt = receipt_of(WaitlistEntry.objects.get(pk=first.pk), at=now())
    assert [step["title"] for step in receipt.steps].count(
        "The organizer offered 1 seat to another person out of order"
    ) == 1
