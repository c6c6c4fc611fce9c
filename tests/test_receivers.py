"""Facts of accounts, bookings and tickets notify the right users, in their own transaction."""

import pytest
from django.db import transaction

from bookings.factories import BookingFactory
from bookings.operations import (
    Canceller,
    accept_transfer,
    cancel_booking,
    hand_over,
    withdraw_transfer,
)
from bookings.signals import guest_refused
from evently.accounts import signals as accounts
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.accounts.operations import AccountInactive, answering, register
from notifications.emails.email_content import EmailObsolete
from notifications.emails.message import build_email
from notifications.factories import NotificationFactory
from notifications.kinds import bookings as booking_kinds
from notifications.kinds.rows import rows_of
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.queries import user_ids_of_event
from notifications.receivers import notify_booking_confirmed
from tests.notified import ORIGIN, book, kinds_of, latest, zurich

# Operations open durable transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)


# ── Accounts ────────────────────────────────────────────────────────────────
def test_signing_up_sends_one_email():
    register(email="ada@example.org", name="Ada", password="correct horse battery", origin=ORIGIN)
    answering.answer_all()

    assert kinds_of(User.objects.get()) == ["welcome"]


@pytest.mark.parametrize(
    ("signal", "type_"),
    [
        (accounts.address_verification_requested, "verify_address"),
        (accounts.registration_repeated, "account_exists"),
        (accounts.password_reset_requested, "password_reset"),
        (accounts.login_link_requested, "login_link"),
    ],
)
def test_account_notifications_go_by_email_only_and_as_often_as_requested(signal, type_):
    user = UserFactory()
    for _ in range(2):
        with transaction.atomic():
            signal.send(sender=User, user=user)

    assert kinds_of(user) == [type_, type_]
    assert not Notification.objects.inbox_of(user.pk).exists()
    assert latest(user).data == {}


def test_password_ended_goes_by_email_only():
    user = UserFactory()
    with transaction.atomic():
        accounts.password_ended.send(sender=User, user=user)

    assert kinds_of(user) == ["password_ended"]
    assert not Notification.objects.inbox_of(user.pk).exists()
    assert latest(user).data == {}


# ── Bookings ────────────────────────────────────────────────────────────────
def test_guest_refused_goes_by_email_only():
    user = UserFactory(is_active=False)
    with transaction.atomic():
        guest_refused.send(
            sender=User, event=zurich(), user=user, quantity=2, refusal=AccountInactive()
        )

    notification = latest(user)
    assert (notification.type, notification.data) == (
        "guest_refused",
        {"refused": "account_inactive"},
    )
    assert notification.message == (
        "Someone, most likely you, asked for 2 seats for Jazz, Thu 2 Jul 2099, 20:30 CEST with "
        "your email address, without logging in. Nothing has changed: the account with this email "
        "address has been deactivated. Please contact the organizers of this site. If it was not "
        "you, you can ignore this."
    )
    assert not Notification.objects.inbox_of(user.pk).exists()


def test_booking_confirmed_has_time_and_reference():
    user = UserFactory()

    booking = book(zurich(), user, quantity=2)

    notification = latest(user)
    assert notification.type == "booking_confirm"
    assert notification.message == (
        f"You have booked 2 seats for Jazz, Thu 2 Jul 2099, 20:30 CEST. "
        f"Your reference is {booking.booking_reference}."
    )
    assert notification.event_id == booking.event_id
    assert notification.data == {
        "booking": str(booking.pk),
        "reference": booking.booking_reference,
    }


def test_booking_confirmed_needs_no_query_of_its_own(django_assert_num_queries):
    booking = BookingFactory()
    with django_assert_num_queries(0):
        notify_booking_confirmed(sender=type(booking), booking=booking)


def test_booking_confirmed_notifies_once_however_often_it_is_sent():
    booking = BookingFactory()
    for _ in range(3):
        with transaction.atomic():
            notify(messages=[booking_kinds.booking_confirmed(booking)])

    assert kinds_of(booking.user) == ["booking_confirm"]


@pytest.mark.parametrize(
    ("by", "reason", "message"),
    [
        (
            Canceller.ATTENDEE,
            "",
            "You have cancelled 1 seat for Jazz ({}).",
        ),
        (
            Canceller.ORGANIZER,
            "Hall too small",
            "The organizer has cancelled 1 seat for Jazz ({}). Their reason: Hall too small.",
        ),
    ],
)
def test_cancellation_has_who_and_why(by, reason, message):
    booking = book(zurich())

    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=by, reason=reason)

    notification = latest(booking.user)
    assert notification.type == "cancellation"
    assert notification.message == message.format(booking.booking_reference)


# ── Tickets handed over ─────────────────────────────────────────────────────
def handed_over(*, accepted=True):
    booking = BookingFactory(event=zurich(), quantity=2)
    ticket = booking.tickets.order_by("id").first()
    (transfer,) = hand_over(
        event_id=booking.event_id,
        booking_id=booking.pk,
        ticket_ids=[ticket.pk],
        name="Grace Hopper",
        email="grace@example.org",
    )
    if accepted:
        transfer = accept_transfer(event_id=booking.event_id, transfer_id=transfer.pk)
    return booking, transfer


def test_ticket_is_offered_to_the_address_that_was_entered():
    booking, _ = handed_over(accepted=False)

    email = build_email(latest(booking.user), booking.user)

    assert email.to == ["grace@example.org"]
    assert f"{booking.user.name} hands you a ticket" in email.body
    assert "Hello Grace Hopper" in email.body
    assert "/h/" in email.body


def test_link_of_a_ticket_that_was_taken_back_is_not_emailed():
    booking, transfer = handed_over(accepted=False)
    withdraw_transfer(event_id=booking.event_id, booking_id=booking.pk, transfer_id=transfer.pk)

    with pytest.raises(EmailObsolete):
        build_email(latest(booking.user), booking.user)


def test_accepted_ticket_notifies_both():
    booking, transfer = handed_over()

    assert latest(booking.user).type == "ticket_accepted"
    assert "accepted by Grace Hopper" in build_email(latest(booking.user), booking.user).body
    received = latest(transfer.recipient)
    assert received.type == "ticket_received"
    assert "/t/" in build_email(received, transfer.recipient).body


def test_confirmation_sent_again_has_no_code_of_a_handed_over_ticket():
    booking, _ = handed_over()

    notification = NotificationFactory(
        type="booking_confirm",
        user=booking.user,
        event_id=booking.event_id,
        data={"booking": str(booking.pk)},
    )
    assert [ticket.pk for ticket in rows_of(notification).tickets(booking)] == [
        ticket.pk
        for ticket in booking.tickets.filter(cancelled_at__isnull=True, holder_id__isnull=True)
    ]


@pytest.mark.parametrize(
    ("by", "why"),
    [
        (Canceller.ATTENDEE, "The person who gave it to you has cancelled the booking."),
        (Canceller.ORGANIZER, "The organizer has cancelled the booking that it belongs to."),
    ],
)
def test_cancelled_booking_notifies_the_holder_of_a_handed_over_ticket(by, why):
    booking, transfer = handed_over()

    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=by)

    told = latest(transfer.recipient)
    assert (told.type, told.channels) == ("ticket_void", ["in_app", "email"])
    assert told.message == f"Your ticket for Jazz is no longer valid. {why}"


def test_changed_event_notifies_the_holder_of_a_handed_over_ticket():
    booking, transfer = handed_over()
    assert transfer.recipient_id in user_ids_of_event(event_id=booking.event_id)
