"""Deleting an account: the cooling-off period, undoing it, and erasing in two steps."""

from datetime import timedelta

import pytest
from django.core import mail

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.lifecycle import operations, queries, tasks
from evently.accounts import links
from evently.accounts import operations as accounts
from evently.accounts.factories import PASSWORD, SuperuserFactory, UserFactory, issued_token
from evently.accounts.models import User
from evently.audit.models import AuditLog
from evently.database.clock import now
from evently.origin import Origin
from evently.tests.rows import check_everything
from evently.tests.sql import as_at_commit
from events.factories import EventFactory
from notifications.models import Notification
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of
from waitlists import operations as waitlists
from waitlists.models import Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.9", user_agent="Sextant")
WEEK = timedelta(days=7)


@pytest.fixture
def ana():
    return UserFactory(name="Ana Lima", password=PASSWORD)


@pytest.fixture(autouse=True)
def balanced(db):
    yield
    check_everything()


def delete(user):
    return operations.request_deletion(user_id=user.pk, origin=ORIGIN)


def read(user):
    return User.objects.with_keys().get(pk=user.pk)


def send_emails(user):
    deliver_all(unsent_emails_of(user.pk))


def take_down(settings):
    """Let the mail server refuse connections."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


def subjects_to(user_email):
    return [message.subject for message in mail.outbox if user_email in message.to[0]]


def book(user, event, quantity=1):
    return bookings.book_seats(event_id=event.pk, user_id=user.pk, quantity=quantity, origin=ORIGIN)


def join(user, event, **options):
    return waitlists.join_waitlist(event_id=event.pk, user_id=user.pk, quantity=1, **options)


# ── The cooling-off period ──────────────────────────────────────────────────
def test_deletion_is_due_in_a_week_and_the_owner_gets_an_email_at_once(ana, clock):
    clock.stop()
    ends_at = delete(ana).deletion_due_at

    assert ends_at == now() + WEEK
    assert delete(ana).deletion_due_at == ends_at, "a second request changes nothing"
    assert Notification.objects.filter(user=ana, type="deletion_requested").count() == 1
    send_emails(ana)
    (message,) = mail.outbox
    assert message.subject == "Your account will be deleted"
    assert "/account/keep/" in message.body


def test_nothing_is_lost_by_a_deletion_that_is_undone(ana):
    event, full = EventFactory(), EventFactory(total_capacity=1)
    BookingFactory(event=full)
    booking, entry = book(ana, event), join(ana, full)
    token = issued_token(ana)
    as_at_commit()

    delete(ana)
    tasks.erase_due_accounts()
    kept = accounts.undo_deletion(user_id=ana.pk)

    assert (kept.deletion_due_at, kept.deletion_requested_at) == (None, None)
    assert not Booking.objects.get(pk=booking.pk).is_cancelled
    assert WaitlistEntry.objects.get(pk=entry.pk).status == "waiting"
    assert accounts.authenticate_token(token.secret)
    book(ana, event)


@pytest.mark.django_db(transaction=True)
def test_nothing_new_can_be_booked_or_joined_meanwhile(ana):
    """trg_deletion_pending, which checks at commit."""
    event, full = EventFactory(), EventFactory(total_capacity=1)
    BookingFactory(event=full)
    delete(ana)

    with pytest.raises(accounts.DeletionPending):
        book(ana, event)
    with pytest.raises(accounts.DeletionPending):
        join(ana, full)
    with pytest.raises(bookings.OwnerNotified):
        bookings.book_as_guest(
            event_id=event.pk,
            email=ana.email,
            name="Ana",
            quantity=1,
            origin=ORIGIN,
            holder="",
            form_idempotency=lambda user_id: None,
        )

    assert not Booking.objects.filter(user=ana).exists()
    assert not WaitlistEntry.objects.exists()
    assert Notification.objects.get(user=ana, type="guest_refused").data == {
        "refused": "deletion_pending"
    }


@pytest.mark.django_db(transaction=True)
def test_offers_to_an_entry_of_before_can_still_be_accepted(ana):
    full = EventFactory(total_capacity=1)
    taken = BookingFactory(event=full)
    entry = join(ana, full)
    delete(ana)
    bookings.cancel_booking(event_id=full.pk, booking_id=taken.pk, by=bookings.Canceller.ORGANIZER)

    offer = Promotion.objects.get(waitlist_id=entry.pk)
    booked = waitlists.accept_promotion(event_id=full.pk, promotion_id=offer.pk, origin=ORIGIN)

    assert booked.user_id == ana.pk


def test_email_that_comes_after_the_deletion_was_undone_is_not_sent(ana):
    delete(ana)
    accounts.undo_deletion(user_id=ana.pk)

    send_emails(ana)

    assert mail.outbox == []


def test_organizers_with_upcoming_events_and_the_last_superuser_stay():
    event, superuser = EventFactory(), SuperuserFactory()
    for user, refusal in (
        (event.created_by, operations.OrganizerStays),
        (superuser, accounts.LastSuperuser),
    ):
        with pytest.raises(refusal):
            delete(user)
        assert read(user).deletion_due_at is None


# ── Undoing it by the link in the email ─────────────────────────────────────
def test_link_undoes_only_its_own_deletion(ana):
    delete(ana)
    old = links.keep_token(read(ana))
    accounts.undo_deletion_by_link(token=old)
    assert accounts.undo_deletion_by_link(token=old).deletion_due_at is None
    delete(ana)

    with pytest.raises(accounts.LinkExpired):
        accounts.undo_deletion_by_link(token=old)
    accounts.undo_deletion_by_link(token=links.keep_token(read(ana)))

    assert read(ana).deletion_due_at is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00", "ä", "\ud800", "." * 1000])
def test_malformed_links_are_refused(token):
    with pytest.raises(accounts.LinkExpired):
        accounts.undo_deletion_by_link(token=token)
    with pytest.raises(accounts.LinkExpired):
        operations.request_deletion_by_link(token=token)


def test_confirmation_link_works_once(ana):
    token = links.deletion_token(ana)

    assert operations.request_deletion_by_link(token=token).is_leaving

    with pytest.raises(accounts.LinkExpired):
        operations.request_deletion_by_link(token=token)


# ── Erasing ─────────────────────────────────────────────────────────────────
@pytest.fixture
def leaving(ana, clock):
    """A user whose cooling-off period is over, with a booking that a waiting person would take."""
    full = EventFactory(total_capacity=1)
    booking = book(ana, full)
    waiting = join(UserFactory(), full)
    secret = issued_token(ana).secret
    as_at_commit()
    send_emails(ana)
    mail.outbox.clear()
    delete(ana)
    Notification.objects.filter(user=ana).update(status="sent")
    clock.move(WEEK + timedelta(minutes=1))
    return ana, booking, waiting, secret


def test_emails_go_out_before_the_address_goes(leaving):
    ana, booking, waiting, secret = leaving
    address = ana.email

    tasks.erase_due_accounts()

    user = read(ana)
    assert (user.email, user.is_active) == (address, False)
    assert Booking.objects.get(pk=booking.pk).is_cancelled
    assert WaitlistEntry.objects.get(pk=waiting.pk).status == "promoted"
    assert accounts.authenticate_token(secret) is None
    with pytest.raises(accounts.DeletionStarted):
        accounts.undo_deletion(user_id=ana.pk)
    tasks.erase_due_accounts()
    assert read(ana).email == address, "the emails are not sent yet"

    send_emails(ana)
    tasks.erase_due_accounts()

    assert (read(ana).email, read(ana).name) == ("", "")
    assert read(ana).deleted_at
    cancelled, deleted = sorted(subjects_to(address))
    assert "cancelled" in cancelled.lower()
    assert deleted == "Your account has been deleted"
    assert queries.accounts_to_erase() == []
    tasks.erase_due_accounts()


def test_mail_server_that_is_down_for_an_hour_loses_nothing(leaving, clock, settings):
    ana, *_ = leaving
    address = ana.email
    tasks.erase_due_accounts()
    take_down(settings)
    send_emails(ana)
    tasks.erase_due_accounts()
    assert read(ana).email == address

    clock.move(WEEK + timedelta(hours=1))
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    send_emails(ana)
    tasks.erase_due_accounts()

    assert read(ana).email == ""
    assert len(subjects_to(address)) == 2


def test_mail_server_that_stays_down_does_not_keep_the_person(leaving, clock):
    ana, *_ = leaving
    tasks.erase_due_accounts()

    clock.move(WEEK + timedelta(days=2, minutes=2))
    tasks.erase_due_accounts()

    assert read(ana).email == ""


def test_account_that_cannot_be_erased_yet_holds_up_no_other(leaving):
    ana, *_ = leaving
    organizer = UserFactory()
    delete(organizer)
    EventFactory(created_by=organizer)
    User.objects.filter(pk=organizer.pk).update(
        deletion_requested_at=now() - WEEK, deletion_due_at=now()
    )

    tasks.erase_due_accounts()

    assert read(ana).deletion_started_at
    assert read(organizer).deletion_started_at is None
    assert read(organizer).is_active


def test_erasure_that_stopped_halfway_is_continued(leaving):
    ana, *_ = leaving
    operations.begin_erasure(user_id=ana.pk)
    operations.begin_erasure(user_id=ana.pk)
    assert Notification.objects.filter(user=ana, type="cancellation").count() == 1

    send_emails(ana)
    tasks.erase_due_accounts()

    assert read(ana).email == ""


def test_audit_log_has_the_deletion(leaving):
    ana, *_ = leaving
    changes = AuditLog.objects.filter(row_id=ana.pk, action="update").order_by("id")
    assert "deletion_due_at" in changes.last().after


# ── Without a cooling-off period ────────────────────────────────────────────
def test_operator_erases_at_once_and_the_emails_still_go_out(ana):
    address, event = ana.email, EventFactory()
    book(ana, event)
    as_at_commit()
    send_emails(ana)
    mail.outbox.clear()

    assert operations.erase_person(user_id=ana.pk)

    assert read(ana).email == ""
    assert len(subjects_to(address)) == 2


def test_operator_waits_for_a_mail_server_that_is_down_or_not(ana, settings):
    take_down(settings)
    book(ana, EventFactory())
    as_at_commit()

    assert not operations.erase_person(user_id=ana.pk)
    assert read(ana).email
    assert queries.accounts_to_erase() == [ana.pk]
    assert operations.erase_person(user_id=ana.pk, at_once=True)

    assert read(ana).email == ""
