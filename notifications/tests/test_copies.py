"""What sent emails said: kept as it was, without what others could use, and for a time."""

from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from evently.privacy.sealing import SealBroken
from notifications.copies import removing
from notifications.copies.content import copy_in, opened_copy
from notifications.factories import NotificationFactory
from notifications.kinds.bookings import booking_confirmed
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.sent_models import EmailAttempt, SentEmail
from notifications.tests.delivering import deliver, delivery_of

pytestmark = pytest.mark.django_db


def opened(row):
    return opened_copy(row.sealed, key=row.user.person_key, id_=row.pk)


def copy_of(notification):
    row = SentEmail.objects.get(delivery_id=delivery_of(notification).pk)
    return opened(row)


def booked(**columns):
    booking = BookingFactory(**columns)
    (id_,) = notify(messages=[booking_confirmed(booking)])
    return Notification.objects.get(pk=id_)


def test_copy_says_what_was_sent_whatever_changes_afterwards(mailoutbox):
    notification = booked(event__name="Jazz & <Blues>")
    deliver(notification)
    (email,) = mailoutbox
    notification.user.seal(notification.user.person_key, name="Another Name")
    notification.user.save()

    copy = copy_of(notification)

    assert copy.subject == email.subject
    assert "Jazz & <Blues>" in copy.text
    assert "Jazz &amp; &lt;Blues&gt;" in copy.html
    assert "Another Name" not in copy.text
    assert (copy.sender, copy.recipient) == (email.from_email, notification.user.email)
    assert copy.headers["Message-ID"] == email.extra_headers["Message-ID"]
    assert [(file.name, file.content_type) for file in copy.files] == [
        ("event.ics", "text/calendar")
    ]
    assert copy.files[0].bytes > 100


def test_copy_is_sealed_compressed_and_opens_in_its_place_only():
    notification = booked()
    deliver(notification)
    row = SentEmail.objects.get()

    assert len(row.sealed) < 2_000
    assert notification.user.email.encode() not in bytes(row.sealed)
    assert opened(row).html
    assert copy_in(SentEmail(user=row.user, sealed=row.sealed)) is None
    with pytest.raises(SealBroken):
        opened_copy(row.sealed, key=row.user.person_key, id_=row.delivery_id)
    with pytest.raises(SealBroken):
        opened_copy(row.sealed, key=NotificationFactory().user.person_key, id_=row.pk)


def test_copies_are_not_kept_where_the_setting_says_so(settings):
    settings.SENT_EMAIL_DAYS = 0
    notification = booked()

    deliver(notification)

    assert not SentEmail.objects.exists()
    assert EmailAttempt.objects.get().outcome == "accepted"


def test_old_copies_are_deleted_in_batches(clock, monkeypatch, settings):
    settings.SENT_EMAIL_DAYS = 7
    monkeypatch.setattr(removing, "BATCH", 1)
    deliver(booked(), booked())
    clock.move(timedelta(days=7, minutes=1))
    recent = booked()
    deliver(recent)

    assert removing.due() == 2
    assert list(removing.delete_old()) == [1, 1]

    assert SentEmail.objects.get().delivery_id == delivery_of(recent).pk
