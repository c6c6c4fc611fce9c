"""The headers of emails: lists, threads, feedback, and that providers pass them on."""

from email import message_from_bytes
from email.policy import default

import pytest

from bookings.operations import Canceller
from evently import email_providers
from notifications.emails.message import build_email
from notifications.kinds import KINDS, bookings, events, reminders
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.providers.registry import service_backend
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


LISTS = {"reminder", "event_over", "event_changed", "event_cancelled", "waitlist_closed"}
NO_LISTS = {"booking_confirm", "waitlist_promotion", "login_link", "attendance_asked"}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_bulk_emails_name_their_list_and_how_to_unsubscribe(name):
    notification = example_of(name)

    headers = headers_of(notification)

    assert headers["List-Id"].startswith(KINDS[name].label)
    assert headers["List-Id"].endswith(f".{notification.event_id}.{HOST}>")
    is_optional = name != "event_cancelled"
    assert bool(headers["List-Unsubscribe"]) == is_optional
    assert (headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click") == is_optional


@pytest.mark.parametrize("name", sorted(NO_LISTS))
def test_other_emails_belong_to_no_list(name):
    headers = headers_of(example_of(name))

    assert not any(each.startswith("List-") for each in dict(headers))


def test_all_emails_say_whose_they_are_and_that_a_machine_wrote_them():
    for name in KINDS:
        notification = example_of(name)
        headers = headers_of(notification)
        *of_event, kind, sender = headers["Feedback-ID"].split(":")
        assert (kind, sender) == (name, "evently")
        assert of_event[:1] == ([str(notification.event_id)] if notification.event_id else [])
        assert headers["Auto-Submitted"] == "auto-generated"
        assert headers["Precedence"] is None


@pytest.mark.parametrize("service", sorted(email_providers.KINDS.keys() - {email_providers.SMTP}))
def test_services_get_all_headers(service):
    notification = example_of("reminder")
    email = build_email(notification, notification.user)
    email.attachments = []
    options = dict.fromkeys(email_providers.KINDS[service].required, "https://service.example/")
    backend = service_backend(service)(ignore_unsupported_features=True, **options)

    payload = backend.build_message_payload(email, backend.send_defaults)
    sent = str(payload.get_request_params(backend.api_url))

    assert len(email.extra_headers) == 8
    assert all(value in sent for value in email.extra_headers.values())
