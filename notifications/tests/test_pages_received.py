"""What the organizer has written, for those who open their booking or place by an emailed link."""

from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from bookings.models import ArchivedBooking
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.accounts.models import User
from evently.database.clock import now
from evently.links import link_to
from evently.tests.sql import as_at_commit, run
from events.factories import EventFactory
from events.models import Event
from notifications.models import Notification
from notifications.tests.delivering import deliver_due
from notifications.writing import beginning, sending, stopping
from notifications.writing.drafting import Draft, create_draft
from notifications.writing.forgetting import forget_written
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db
TEXT = "Dear {userName}, the door is in the yard of {venue}."


@pytest.fixture
def event():
    return EventFactory(created_by=OrganizerFactory(name="Mill Club"), total_capacity=2)


@pytest.fixture
def booking(event):
    return BookingFactory(event=event, user=UserFactory(name="Ada Lovelace"))


def path_to(row, *, purpose="booking"):
    name = f"{purpose}_link"
    link = link_to(name, purpose=purpose, row_id=row.pk, event_id=row.event_id)
    return link[link.index("/", len("https://")) :]


def write(event, subject="Doors of {eventName}", **given):
    draft = Draft(**({"subject": subject, "body": TEXT, "audience": "booked"} | given))
    message = create_draft(draft, event_id=event.pk, by_id=event.created_by_id)
    beginning.send_now(event_id=event.pk, message_id=message.pk)
    sending.send_messages(event_id=event.pk)
    return message


def listed(client, path):
    answer = client.get(f"{path}messages/")
    assert answer.status_code == 200
    return [message.subject for message, _ in answer.context["written"]]


def page_of(message, booking):
    notification = Notification.objects.get(data__message=str(message.pk), user=booking.user)
    return f"{path_to(booking)}messages/{notification.pk}/"


def test_guest_reads_what_the_organizer_wrote(client, event, booking):
    path = path_to(booking)
    assert "No messages yet" in client.get(f"{path}messages/").content.decode()
    message = write(event)
    shown = client.get(path).content.decode()
    assert f'href="{path}messages/"' in shown

    assert listed(client, path) == [f"Doors of {event.name}"]
    page = client.get(page_of(message, booking))

    text = page.content.decode()
    assert f"the door is in the yard of {event.venue}." in text
    assert "Mill Club" in text
    assert f'href="{path}messages/"' in text
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]
    # The link may have been forwarded: it says neither whose it is nor that it was read.
    assert "Dear guest," in text
    assert "Ada" not in text
    assert not Notification.objects.get(user=booking.user, type="organizer_message").read


def test_link_shows_what_concerns_its_booking_alone(client, event, booking):
    second = BookingFactory(event=event, user=booking.user)
    entry = WaitlistEntryFactory(event=event, user=booking.user)
    elsewhere = BookingFactory(user=booking.user, event=EventFactory(created_by=event.created_by))
    other = BookingFactory(event=elsewhere.event)
    write(event, "Seats")
    write(event, "First", audience="bookings", references=(booking.booking_reference,))
    write(event, "Second", audience="bookings", references=(second.booking_reference,))
    write(event, "Wait", audience="waiting")
    write(event, "All", audience="everyone")
    far = write(elsewhere.event, "Elsewhere")

    assert listed(client, path_to(booking)) == ["All", "First", "Seats"]
    assert listed(client, path_to(second)) == ["All", "Second", "Seats"]
    assert listed(client, path_to(entry, purpose="entry")) == ["All", "Wait"]
    assert listed(client, path_to(other)) == ["Elsewhere"]
    foreign = page_of(far, other).rpartition("/messages/")[2]
    for path in (path_to(booking), path_to(elsewhere)):
        assert client.get(f"{path}messages/{foreign}").status_code == 404
    hidden = Notification.objects.get(message__contains="Second")
    assert client.get(f"{path_to(booking)}messages/{hidden.pk}/").status_code == 404
    # Their owner has an account, and sees all.
    client.force_login(booking.user)
    own = f"/bookings/{booking.pk}/"
    assert listed(client, own) == ["All", "Wait", "Second", "First", "Seats"]
    assert "Dear Ada Lovelace," in client.get(f"{own}messages/{hidden.pk}/").content.decode()
    hidden.refresh_from_db()
    assert hidden.read
    assert listed(client, f"/waitlists/{entry.pk}/")[0] == "All"
    assert client.get(f"/bookings/{other.pk}/messages/").status_code == 404


def test_messages_that_were_taken_back_or_erased_are_not_shown(client, event, booking):
    path = path_to(booking)
    got = write(event, "Sent")
    deliver_due()
    stopped = write(event, "Stopped")
    stopping.stop(event_id=event.pk, message_id=stopped.pk)

    # What was handed over before it was stopped stays.
    assert listed(client, path) == ["Sent"]
    page = page_of(got, booking)
    assert client.get(page).status_code == 200
    as_at_commit()
    User.objects.filter(pk=event.created_by_id).update(
        deletion_requested_at=now(), deletion_due_at=now(), deletion_started_at=now()
    )
    forget_written(user_id=event.created_by_id)
    assert listed(client, path) == []
    assert client.get(page).status_code == 404


def test_archived_booking_still_has_its_messages(client, clock, event, booking):
    clock.move(timedelta(days=300))
    message = write(event, "Pictures")
    as_at_commit()
    clock.move(timedelta(days=30 + 366))
    Event.objects.filter(pk=event.pk).update(status="completed")
    run("SELECT evently_archive_bookings(%s)", event.pk)
    assert ArchivedBooking.objects.filter(pk=booking.pk).exists()

    assert listed(client, path_to(booking)) == ["Pictures"]
    assert client.get(page_of(message, booking)).status_code == 200


def test_list_needs_the_same_queries_for_one_and_for_many(
    client, event, booking, django_assert_num_queries
):
    path = f"{path_to(booking)}messages/"
    write(event)
    with django_assert_num_queries(3):
        client.get(path)
    write(event), write(event)
    with django_assert_num_queries(3):
        client.get(path)
