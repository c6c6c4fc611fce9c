"""Every fact notifies the right users, in the fact's own transaction."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from bookings.operations import (
    Canceller,
    accept_transfer,
    book_seats,
    cancel_booking,
    hand_over,
    withdraw_transfer,
)
from bookings.signals import guest_refused
from boxoffice.lifecycle.operations import cancel_event, continue_cancellation
from evently.accounts import signals as accounts
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.accounts.operations import AccountInactive, answering, register
from evently.origin import Origin
from events.factories import EventFactory
from events.models import Event
from events.operations import edit_event
from events.signals import event_changed
from notifications.emails.email_content import EmailObsolete
from notifications.emails.message import build_email
from notifications.factories import NotificationFactory
from notifications.kinds import bookings as booking_kinds
from notifications.kinds.rows import rows_of
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.queries import user_ids_of_event
from notifications.receivers import notify_booking_confirmed
from waitlists.models import Promotion
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


def kinds_of(user):
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [row.type for row in rows]


def latest(user):
    return Notification.objects.filter(user=user).order_by("created_at", "id").last()


def book(event, user=None, quantity=1):
    user = user or UserFactory()
    return book_seats(event_id=event.pk, user_id=user.pk, quantity=quantity, origin=ORIGIN)


def small_offer():
    """Offer two seats to a user who asked for four, or at least one."""
    event = zurich(total_capacity=4)
    booking = BookingFactory(event=event, quantity=2)
    BookingFactory(event=event, quantity=2)
    user = UserFactory()
    join_waitlist(event_id=event.pk, user_id=user.pk, quantity=4, min_quantity=1)
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
    return Promotion.objects.select_related("user", "event").get(user_id=user.pk)


def zurich(**columns):
    given = {"name": "Jazz", "timezone": "Europe/Zurich"}
    given["event_date"] = datetime(2099, 7, 2, 18, 30, tzinfo=UTC)
    return EventFactory(**(given | columns))


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


# ── Waitlist ────────────────────────────────────────────────────────────────
@pytest.fixture
def waiting():
    """A full event with one booking and one waitlist entry."""
    event = zurich(total_capacity=2)
    booking = book(event, quantity=2)
    user = UserFactory()
    entry = join_waitlist(event_id=event.pk, user_id=user.pk, quantity=2, min_quantity=1)
    return event, booking, user, entry


def test_joining_has_the_position(waiting):
    _, _, user, entry = waiting

    assert latest(user).type == "waitlist_join"
    assert latest(user).data["entry"] == str(entry.pk)
    assert latest(user).message == (
        "You asked for 2 seats and are on the waitlist for Jazz, at position 1."
    )


def test_joining_again_notifies_again(waiting):
    event, _, user, entry = waiting
    leave_waitlist(event_id=event.pk, entry_id=entry.pk)

    join_waitlist(event_id=event.pk, user_id=user.pk, quantity=1)

    assert kinds_of(user) == ["waitlist_join", "waitlist_join"]


def offered(waiting):
    event, booking, _, _ = waiting
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)
    return event.promotions.get()


def test_offer_has_its_expiry(waiting):
    promotion = offered(waiting)

    notification = latest(promotion.user)
    assert notification.type == "waitlist_promotion"
    assert notification.data["promotion"] == str(promotion.pk)
    assert notification.message.startswith("2 seats for Jazz are held for you until ")
    assert kinds_of(promotion.user) == ["waitlist_join", "waitlist_promotion"]


def test_accepted_offer_notifies_as_a_booking(waiting):
    promotion = offered(waiting)

    accept_promotion(event_id=promotion.event_id, promotion_id=promotion.pk, origin=ORIGIN)

    assert kinds_of(promotion.user) == ["waitlist_join", "waitlist_promotion", "booking_confirm"]


def test_declined_offer_notifies_in_the_app_only(waiting):
    promotion = offered(waiting)

    decline_promotion(event_id=promotion.event_id, promotion_id=promotion.pk)

    assert latest(promotion.user).type == "promotion_ended"
    assert latest(promotion.user).channels == ["in_app"]


def test_expired_offer_notifies_by_email_too(waiting, clock):
    promotion = offered(waiting)
    clock.move(timedelta(days=3))

    expire_promotions(event_id=promotion.event_id)

    assert latest(promotion.user).type == "promotion_ended"
    assert latest(promotion.user).channels == ["in_app", "email"]


def test_declining_says_whether_the_place_is_kept(waiting):
    whole, part = offered(waiting), small_offer()

    for promotion in (whole, part):
        decline_promotion(event_id=promotion.event_id, promotion_id=promotion.pk)

    assert latest(whole.user).message == (
        "You have declined 2 seats for Jazz. You have left the waitlist."
    )
    assert latest(part.user).message == (
        "You have declined 2 seats for Jazz. You keep your place on the waitlist, at position 1. "
        "From now on, you need at least 3 seats."
    )


def test_claiming_less_than_asked_for_says_that_the_place_is_kept():
    promotion = small_offer()

    accept_promotion(event_id=promotion.event_id, promotion_id=promotion.pk, origin=ORIGIN)

    kept = (
        "You have claimed 2 of 4 seats, and keep your place on the waitlist for the other 2. If "
        "you do not want them, please leave the waitlist."
    )
    confirmation = latest(promotion.user)
    assert confirmation.message.endswith(kept)
    assert kept in build_email(confirmation, promotion.user).body


def test_claiming_all_says_nothing_about_a_place(waiting):
    promotion = offered(waiting)

    accept_promotion(event_id=promotion.event_id, promotion_id=promotion.pk, origin=ORIGIN)

    assert "waitlist" not in latest(promotion.user).message


def test_email_of_a_smaller_offer_says_what_can_be_done():
    promotion = small_offer()

    body = " ".join(build_email(latest(promotion.user), promotion.user).body.split())

    assert "You asked for 4 seats. Claim these 2 and keep your place for the other 2" in body
    assert "If you cannot come, please decline by" in body


def test_expired_offer_says_that_it_counts(waiting, clock):
    promotion = offered(waiting)
    clock.move(timedelta(days=3))

    expire_promotions(event_id=promotion.event_id)

    assert (
        "If you join again, your place ranks behind those of people who let fewer offers run out, "
        "and your next offer lasts a quarter as long." in latest(promotion.user).message
    )


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


# ── Events ──────────────────────────────────────────────────────────────────
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


def test_user_with_two_bookings_is_notified_once_in_two_queries():
    event = zurich()
    user = UserFactory()
    book(event, user)
    book(event, user)

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        event_changed.send(sender=Event, event=event, changes={"venue": ("A", "B")})

    assert kinds_of(user).count("event_changed") == 1
    assert len(queries) == 2


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
