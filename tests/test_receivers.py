"""Every fact is told, to the right people, in the fact's own transaction."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from bookings.operations import Canceller, book_seats, cancel_booking
from bookings.signals import booking_confirmed, guest_refused
from boxoffice.lifecycle.operations import cancel_event, continue_cancellation
from evently.accounts import signals as accounts
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.accounts.operations import AccountInactive, register
from evently.origin import Origin
from events.factories import EventFactory
from events.models import Event
from events.operations import edit_event
from events.signals import event_changed
from notifications.models import Notification
from notifications.receivers import tell_booking
from waitlists.operations import (
    accept_promotion,
    decline_promotion,
    expire_promotions,
    join_waitlist,
    leave_waitlist,
)

ORIGIN = Origin()

# Operations open durable transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)


def told(user):
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [row.type for row in rows]


def last_told(user):
    return Notification.objects.filter(user=user).order_by("created_at", "id").last()


def book(event, user=None, quantity=1):
    user = user or UserFactory()
    return book_seats(event_id=event.pk, user_id=user.pk, quantity=quantity, origin=ORIGIN)


def zurich(**columns):
    given = {"name": "Jazz", "timezone": "Europe/Zurich"}
    given["event_date"] = datetime(2099, 7, 2, 18, 30, tzinfo=UTC)
    return EventFactory(**(given | columns))


# ── Accounts ────────────────────────────────────────────────────────────────
def test_signing_up_is_told_in_one_mail():
    register(email="ada@example.org", name="Ada", password="correct horse battery", origin=ORIGIN)

    assert told(User.objects.get()) == ["welcome"]


@pytest.mark.parametrize(
    ("signal", "type_"),
    [
        (accounts.address_verification_requested, "verify_address"),
        (accounts.registration_repeated, "account_exists"),
        (accounts.password_reset_requested, "password_reset"),
        (accounts.login_link_requested, "login_link"),
    ],
)
def test_account_mails_go_by_mail_alone_and_as_often_as_asked_for(signal, type_):
    user = UserFactory()
    for _ in range(2):
        with transaction.atomic():
            signal.send(sender=User, user=user)

    assert told(user) == [type_, type_]
    assert not Notification.objects.inbox_of(user.pk).exists()
    assert last_told(user).data == {}


def test_the_end_of_a_password_is_told_by_mail_alone():
    user = UserFactory()
    with transaction.atomic():
        accounts.password_ended.send(sender=User, user=user)

    assert told(user) == ["password_reset"]
    assert not Notification.objects.inbox_of(user.pk).exists()
    assert last_told(user).data == {"because": "booked_as_guest"}


# ── Bookings ────────────────────────────────────────────────────────────────
def test_what_a_guest_was_refused_is_told_by_mail_alone():
    user = UserFactory(is_active=False)
    with transaction.atomic():
        guest_refused.send(
            sender=User, event=zurich(), user=user, quantity=2, refusal=AccountInactive()
        )

    notification = last_told(user)
    assert (notification.type, notification.data) == (
        "account_exists",
        {"refused": "account_inactive"},
    )
    assert notification.message == (
        "Somebody, most likely you, asked for 2 seats for Jazz, Thu 2 Jul 2099, 20:30 CEST with "
        "this address, without logging in. Nothing has changed: the account of this address was "
        "switched off by the people who run the site. Please ask them. If it was not you, there "
        "is nothing to do."
    )
    assert not Notification.objects.inbox_of(user.pk).exists()


def test_a_booking_is_told_with_time_and_reference():
    user = UserFactory()

    booking = book(zurich(), user, quantity=2)

    notification = last_told(user)
    assert notification.type == "booking_confirm"
    assert notification.message == (
        f"You have 2 seats for Jazz, Thu 2 Jul 2099, 20:30 CEST. "
        f"Your reference is {booking.booking_reference}."
    )
    assert notification.event_id == booking.event_id
    assert notification.data == {
        "booking": str(booking.pk),
        "reference": booking.booking_reference,
    }


def test_telling_of_a_booking_costs_one_statement():
    booking = BookingFactory()
    with (
        transaction.atomic(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        tell_booking(sender=type(booking), booking=booking)

    assert len(queries) == 1


def test_a_booking_is_told_once_however_often_it_is_announced():
    booking = BookingFactory()
    for _ in range(3):
        with transaction.atomic():
            booking_confirmed.send(sender=type(booking), booking=booking)

    assert told(booking.user) == ["booking_confirm"]


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
def test_a_cancellation_says_who_and_why(by, reason, message):
    booking = book(zurich())

    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=by, reason=reason)

    notification = last_told(booking.user)
    assert notification.type == "cancellation"
    assert notification.message == message.format(booking.booking_reference)


# ── The line ────────────────────────────────────────────────────────────────
@pytest.fixture
def waiting():
    """A full event with one booking, and somebody in line."""
    event = zurich(total_capacity=2)
    booking = book(event, quantity=2)
    user = UserFactory()
    entry = join_waitlist(event_id=event.pk, user_id=user.pk, quantity=2, min_quantity=1)
    return event, booking, user, entry


def test_joining_is_told_with_the_position(waiting):
    _, _, user, entry = waiting

    assert last_told(user).type == "waitlist_join"
    assert last_told(user).data == {"entry": str(entry.pk)}
    assert last_told(user).message == (
        "You are in line for 2 seats for Jazz, at position 1. "
        "We will write as soon as seats come free."
    )


def test_joining_again_is_told_again(waiting):
    event, _, user, entry = waiting
    leave_waitlist(event_id=event.pk, entry_id=entry.pk)

    join_waitlist(event_id=event.pk, user_id=user.pk, quantity=1)

    assert told(user) == ["waitlist_join", "waitlist_join"]


def offered(waiting):
    event, booking, _, _ = waiting
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)
    return event.promotions.get()


def test_an_offer_is_told_with_its_end(waiting):
    promotion = offered(waiting)

    notification = last_told(promotion.user)
    assert notification.type == "waitlist_promotion"
    assert notification.data["promotion"] == str(promotion.pk)
    assert notification.message.startswith("2 seats for Jazz are kept for you until ")
    assert told(promotion.user) == ["waitlist_join", "waitlist_promotion"]


def test_accepting_is_told_as_a_booking(waiting):
    promotion = offered(waiting)

    accept_promotion(event_id=promotion.event_id, promotion_id=promotion.pk, origin=ORIGIN)

    assert told(promotion.user) == ["waitlist_join", "waitlist_promotion", "booking_confirm"]


def test_declining_is_told_in_the_app_alone(waiting):
    promotion = offered(waiting)

    decline_promotion(event_id=promotion.event_id, promotion_id=promotion.pk)

    assert last_told(promotion.user).type == "promotion_ended"
    assert last_told(promotion.user).channels == ["in_app"]


def test_an_offer_that_ran_out_is_told_by_mail_too(waiting, clock):
    promotion = offered(waiting)
    clock.move(timedelta(days=3))

    expire_promotions(event_id=promotion.event_id)

    assert last_told(promotion.user).type == "promotion_ended"
    assert last_told(promotion.user).channels == ["in_app", "email"]


# ── Events ──────────────────────────────────────────────────────────────────
def test_a_moved_event_is_told_to_all_who_have_seats_or_wait(waiting):
    event, booking, user, _ = waiting
    stranger = UserFactory()
    event.refresh_from_db()

    edit_event(event_id=event.pk, version=event.version, venue="The Barn")

    for person in (booking.user, user):
        assert last_told(person).type == "event_changed"
        assert last_told(person).message == (
            "Jazz has changed. Its place is now The Barn (before: Old Mill, Ghent)."
        )
    assert told(stranger) == []


def test_a_person_with_two_bookings_is_told_once_and_others_pay_no_more():
    event = zurich()
    user = UserFactory()
    book(event, user)
    book(event, user)

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        event_changed.send(sender=Event, event=event, changes={"venue": ("A", "B")})

    assert told(user).count("event_changed") == 1
    assert len(queries) == 2


@pytest.mark.parametrize("change", ["description", "refund_policy", "total_capacity"])
def test_what_does_not_concern_guests_is_not_told(change):
    booking = book(zurich())
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        event_changed.send(sender=Event, event=booking.event, changes={change: (1, 2)})

    assert len(queries) == 0


def test_a_cancelled_event_is_told_once_to_everybody(waiting):
    event, booking, user, _ = waiting
    cancel_event(event_id=event.pk, reason="The heating broke down")
    continue_cancellation(event_id=event.pk)

    for person in (booking.user, user):
        assert told(person).count("event_cancelled") == 1
        assert last_told(person).message == (
            "Jazz on Thu 2 Jul 2099, 20:30 CEST is cancelled. "
            "The organizer's reason: The heating broke down."
        )


def test_a_cancelled_event_with_an_open_offer_is_told_as_that_alone(waiting):
    promotion = offered(waiting)
    cancel_event(event_id=promotion.event_id)
    continue_cancellation(event_id=promotion.event_id)

    assert told(promotion.user) == ["waitlist_join", "waitlist_promotion", "event_cancelled"]
