"""Emails to an unconfirmed address are limited, held back, merged and released."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from bookings.factories import BookingFactory
from bookings.operations import Canceller, book_seats, cancel_booking
from evently.accounts import operations as account_operations
from evently.accounts.email_models import UnconfirmedEmail
from evently.accounts.factories import PASSWORD, UserFactory
from evently.accounts.operations import email_allowance
from evently.accounts.operations.verification import mark_verified
from evently.accounts.queries import user_with_address
from evently.origin import Origin
from events.factories import EventFactory
from notifications.factories import NotificationFactory
from notifications.models import DeliveryStatus, EmailDelivery, Notification
from notifications.operations import delivering, releasing
from notifications.operations.attempts import HELD_BACK
from notifications.tests.delivering import deliver_due, delivery_of, reread
from waitlists.tests.helpers import full_event, join

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.7", user_agent="test")
HOUR = timedelta(hours=1, minutes=1)


def unconfirmed(email="stranger@example.org", **columns):
    return UserFactory(email=email, email_verified_at=None, **columns)


def deliver_pending():
    """Deliver all that is pending, in order, as the tasks do."""
    pending = Notification.objects.filter(status="pending").order_by("created_at", "id")
    delivering.deliver_all(list(pending.values_list("pk", "user_id")))


def statuses():
    log = EmailDelivery.objects.order_by("id").values_list("status", flat=True)
    return {status: list(log).count(status) for status in set(log)}


def book_and_cancel(user, event, *, origin=ORIGIN):
    booking = book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=origin)
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)


def test_unconfirmed_address_gets_five_emails_an_hour(mailoutbox):
    user = unconfirmed()
    confirms = {"type": "verify_address", "channels": ["email"]}

    NotificationFactory.create_batch(6, user=user)
    deliver_pending()
    assert len(mailoutbox) == 4, "the last one is kept for what cannot wait"

    NotificationFactory.create_batch(3, user=user, **confirms)
    deliver_pending()
    assert len(mailoutbox) == 5
    assert statuses() == {"sent": 5, "held": 4}


def test_confirmed_address_is_not_limited(mailoutbox):
    NotificationFactory.create_batch(8, user=UserFactory())

    deliver_pending()

    assert len(mailoutbox) == 8
    assert UnconfirmedEmail.objects.count() == 0


def test_held_email_stands_in_the_log_with_a_reason_and_in_the_inbox(mailoutbox):
    user = unconfirmed()
    NotificationFactory.create_batch(4, user=user)
    held = NotificationFactory(user=user)

    deliver_pending()

    row = delivery_of(held)
    assert (row.status, row.send_attempts, row.error_message) == ("held", 0, HELD_BACK)
    assert row.next_attempt_at == reread(held).next_attempt_at
    assert row.next_attempt_at > reread(held).created_at + timedelta(minutes=59)
    assert Notification.objects.inbox_of(user.pk).unread().filter(pk=held.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_held_email_is_sent_when_the_hour_is_over(mailoutbox, clock):
    user, event = unconfirmed(), EventFactory()
    NotificationFactory.create_batch(4, user=user)
    book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN)
    deliver_pending()
    assert len(mailoutbox) == 4

    clock.move(HOUR)
    deliver_pending()

    assert len(mailoutbox) == 5
    assert mailoutbox[-1].subject.startswith("Your booking")
    assert mailoutbox[-1].attachments, "the ticket, as it would have been"
    assert statuses() == {"sent": 5}


@pytest.mark.django_db(transaction=True)
def test_pile_of_held_emails_becomes_one(mailoutbox, clock):
    user = unconfirmed()
    NotificationFactory.create_batch(4, user=user)
    events = EventFactory.create_batch(9)
    for event in events:
        book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN)
    deliver_pending()
    assert len(mailoutbox) == 4

    clock.move(HOUR)
    deliver_pending()
    deliver_pending()

    assert len(mailoutbox) == 5
    email = mailoutbox[-1]
    assert email.subject == "9 emails that we held back"
    assert all(event.name in email.body for event in events)
    assert email.body.count("/b/") == 9, "each with the link to its booking"
    assert "/account/verify/" in email.body
    assert statuses() == {"sent": 5, "merged": 9}
    assert not Notification.objects.filter(status="pending").exists()
    assert (
        EmailDelivery.objects.filter(status="merged", metadata__has_key="mergedInto").count() == 9
    )

    clock.move(HOUR * 2)
    deliver_pending()
    assert len(mailoutbox) == 5, "nothing drips out later"


@pytest.mark.django_db(transaction=True)
def test_merged_email_that_is_held_back_itself_loses_nothing(mailoutbox, clock):
    user = unconfirmed()
    NotificationFactory.create_batch(4, user=user)
    NotificationFactory.create_batch(3, user=user, message="Early news")
    deliver_pending()
    clock.move(HOUR)
    for number in range(5):
        email_allowance.spend(email_id=UserFactory().pk, address=user.email, urgent=number > 3)
    deliver_pending()
    assert len(mailoutbox) == 4
    assert statuses() == {"sent": 4, "merged": 3, "held": 1}
    NotificationFactory.create_batch(3, user=user, message="Late news")
    deliver_pending()

    clock.move(HOUR * 2)
    deliver_pending()

    assert len(mailoutbox) == 5
    assert mailoutbox[-1].subject == "6 emails that we held back"
    assert (mailoutbox[-1].body.count("Early"), mailoutbox[-1].body.count("Late")) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_confirming_releases_what_was_held_back(mailoutbox):
    user = unconfirmed()
    NotificationFactory.create_batch(6, user=user)
    deliver_due()
    assert len(mailoutbox) == 4
    deliver_due()
    assert len(mailoutbox) == 4

    mark_verified(user)

    deliver_due()
    assert len(mailoutbox) == 6
    assert statuses() == {"sent": 6}
    assert releasing.release_held(user_id=user.pk) == 0


# ── Attacks ─────────────────────────────────────────────────────────────────
def test_booking_and_cancelling_45_times_sends_five_emails(mailoutbox):
    account_operations.register(
        email="stranger@example.org", name="Mallory", password=PASSWORD, origin=ORIGIN
    )
    user = user_with_address("stranger@example.org")
    for event in EventFactory.create_batch(45):
        book_and_cancel(user, event)
        deliver_pending()

    assert len(mailoutbox) <= 5


@pytest.mark.django_db(transaction=True)
def test_what_was_booked_and_cancelled_meanwhile_is_never_sent(mailoutbox, clock):
    user = unconfirmed()
    NotificationFactory.create_batch(4, user=user)
    for event in EventFactory.create_batch(10):
        book_and_cancel(user, event)
    deliver_pending()
    clock.move(HOUR)
    deliver_pending()
    deliver_pending()

    assert len(mailoutbox) == 4
    assert not Notification.objects.filter(status="pending").exists()


@pytest.mark.django_db(transaction=True)
def test_cancellation_by_the_organizer_is_sent_even_if_the_confirmation_was_held(mailoutbox, clock):
    user, event = unconfirmed(), EventFactory()
    NotificationFactory.create_batch(4, user=user)
    booking = book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=ORIGIN)
    deliver_pending()
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
    deliver_pending()

    clock.move(HOUR)
    deliver_pending()

    assert len(mailoutbox) == 5
    assert booking.booking_reference in mailoutbox[-1].body


@pytest.mark.django_db(transaction=True)
def test_held_confirmation_of_a_waitlist_entry_is_not_sent_after_leaving(mailoutbox, clock):
    event, _ = full_event()
    user = unconfirmed()
    NotificationFactory.create_batch(4, user=user)
    entry = join(event, user=user)
    deliver_pending()
    entry.status = "left"
    entry.save(update_fields=["status"])

    clock.move(HOUR)
    deliver_pending()

    # The fifth, sent before leaving, asked to confirm the place, which is urgent.
    assert len(mailoutbox) == 5


def test_all_accounts_of_a_mailbox_share_the_limit(mailoutbox):
    for number in range(6):
        NotificationFactory(user=unconfirmed(f"stranger+{number}@example.org"))
        NotificationFactory(user=unconfirmed(f"s.tran{'.' * (number % 2)}ger+{number}@gmail.com"))
    NotificationFactory(user=unconfirmed("another@example.org"))

    deliver_pending()

    recipients = [email.to[0] for email in mailoutbox]
    assert sum(each.startswith("stranger") for each in recipients) == 4
    assert sum(each.endswith("@gmail.com") for each in recipients) == 4
    assert "another@example.org" in recipients


@pytest.mark.django_db(transaction=True)
def test_limit_of_a_day(mailoutbox, clock):
    user = unconfirmed()
    for hour in range(8):
        clock.move(HOUR * hour)
        NotificationFactory.create_batch(4, user=user)
        for email in NotificationFactory.create_batch(1, user=user):
            delivering.deliver_all([(email.pk, email.user_id)])
        deliver_pending()

    assert len(mailoutbox) <= email_allowance.MOST_PER_DAY


@pytest.mark.django_db(transaction=True)
def test_processes_at_once_share_the_limit():
    barrier, outcomes = Barrier(12), []
    ids = [UserFactory().pk for _ in range(12)]

    def spend(email_id):
        barrier.wait()
        outcomes.append(
            email_allowance.spend(email_id=email_id, address="a@example.org", urgent=True)
        )
        connection.close()

    threads = [Thread(target=spend, args=[id_]) for id_ in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count(None) == 5
    assert UnconfirmedEmail.objects.count() == 5


def test_limit_holds_while_redis_is_down(mailoutbox, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    user, event = unconfirmed(), EventFactory()
    BookingFactory(event=event, user=user)
    NotificationFactory.create_batch(8, user=user)

    deliver_pending()

    assert len(mailoutbox) == 4


def test_email_tried_again_counts_once(clock):
    first, others = UserFactory().pk, [UserFactory().pk for _ in range(5)]
    for _ in range(3):
        assert email_allowance.spend(email_id=first, address="a@example.org", urgent=True) is None

    for id_ in others[:4]:
        assert email_allowance.spend(email_id=id_, address="A+x@example.org", urgent=True) is None
    assert email_allowance.spend(email_id=others[4], address="a@example.org", urgent=True)
    assert UnconfirmedEmail.objects.count() == 5

    email_allowance.give_back(email_id=first)
    assert not email_allowance.spend(email_id=others[4], address="a@example.org", urgent=True)


@pytest.mark.django_db(transaction=True)
def test_counts_are_forgotten_after_a_day(clock):
    email_allowance.spend(email_id=UserFactory().pk, address="a@example.org", urgent=True)
    assert email_allowance.forget_old() == 0

    clock.move(timedelta(days=1, minutes=1))
    assert email_allowance.forget_old() == 1


def test_status_names_are_those_of_the_database():
    assert {"held", "merged"} < set(DeliveryStatus.values)
