"""The headers of emails: lists, threads, feedback, and that providers pass them on."""

from email import message_from_bytes
from email.policy import default

import pytest

from bookings.operations import Canceller
from notifications.emails.message import build_email
from notifications.kinds import KINDS, bookings, events, reminders
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.tests.examples import Facts, example_of

pytestmark = pytest.mark.django_db

HOST = "localhost"


def headers_of(notification):
    """Return the headers of an email as another program reads them."""
    email = build_email(notification, notification.user)
    return message_from_bytes(email.message().as_bytes(), policy=default)


def told(message):
    (id_,) = notify(messages=[message])
    return Notification.objects.get(pk=id_)


def test_emails_of_a_booking_are_one_conversation():
    facts = Facts()
    booking = facts.booking()
    emails = [
        told(bookings.booking_confirmed(booking)),
        told(reminders.reminder(facts.event, facts.user.pk)),
        told(events.event_changed(facts.event.pk, [facts.user.pk], key="k", text="Changed.")[0]),
    ]
    headers = [headers_of(each) for each in emails]
    booking.status = "cancelled"
    booking.save()
    cancelled = bookings.booking_cancelled(facts.event, booking, by=Canceller.ORGANIZER, reason="")
    headers += [headers_of(told(cancelled))]
    headers += [
        headers_of(told(events.event_cancelled(facts.event, facts.user.pk, bookings=[booking])))
    ]

    thread = f"<booking.{booking.pk}@{HOST}>"
    assert [one["References"] for one in headers] == [thread] * 5
    assert [one["In-Reply-To"] for one in headers] == [thread] * 5
    assert len({one["Message-ID"] for one in headers}) == 5


def test_emails_of_a_waitlist_entry_are_one_conversation():
    notification = example_of("waitlist_promotion")

    headers = headers_of(notification)

    assert headers["References"] == f"<entry.{notification.data['entry']}@{HOST}>"


def test_bulk_emails_name_their_list_and_all_name_who_is_responsible():
    for name, kind in KINDS.items():
        notification = example_of(name)
        headers = headers_of(notification)
        feedback = headers["Feedback-ID"].split(":")
        assert feedback[-2:] == [name, "evently"]
        assert headers["Auto-Submitted"] == "auto-generated"
        assert headers["Precedence"] is None
        if notification.event_id:
            assert feedback[0] == str(notification.event_id)
            assert len(feedback) == 4
        is_list = name in BULK
        assert bool(headers["List-Id"]) == is_list, name
        if is_list and notification.event_id:
            assert headers["List-Id"].endswith(f".{notification.event_id}.{HOST}>")
            assert headers["List-Id"].startswith(kind.label)
        assert bool(headers["List-Unsubscribe"]) == bool(headers["List-Unsubscribe-Post"])
        assert bool(headers["List-Unsubscribe"]) == (is_list and name != "event_cancelled")


BULK = {
    "reminder",
    "event_over",
    "event_changed",
    "event_cancelled",
    "waitlist_closed",
    "draw_announced",
    "draw_joined",
    "draw_done",
    "draw_void",
    "notification",
}
