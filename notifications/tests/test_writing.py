"""Messages to attendees: who gets them, once each, at a time, stopped in the middle."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail

from bookings.factories import BookingFactory
from bookings.models import Booking, Ticket
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.accounts.models import User
from evently.accounts.operations.users import set_active, withdraw_organizer
from evently.database.clock import now
from evently.tests.rows import wait
from evently.tests.sql import as_at_commit, run
from evently.tests.together import run_together
from events.factories import EventFactory
from events.models import Event, EventStaff
from events.operations import edit_event
from notifications import tasks
from notifications.exports import organizer_messages
from notifications.kinds import Urgency, kind_named
from notifications.message_models import Hold, OrganizerMessage
from notifications.models import EmailDelivery, Notification
from notifications.mute_models import EventMute
from notifications.return_models import Suppression
from notifications.tests.delivering import deliver_due
from notifications.writing import beginning, sending, stopping
from notifications.writing.audiences import Reach, count_recipients, reach_of
from notifications.writing.drafting import Draft, create_draft, delete_draft, edit_draft
from notifications.writing.errors import (
    MessageBegun,
    MessageInvalid,
    NobodyToWriteTo,
    NotBegun,
    TooManyMessages,
)
from notifications.writing.forgetting import forget_written
from notifications.writing.progress import progress_of
from notifications.writing.received import received_message
from notifications.writing.text import ERASED

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return EventFactory(created_by=OrganizerFactory(), name="Jazz", total_capacity=40)


def crowd(event, number):
    return [BookingFactory(event=event).user for _ in range(number)]


def draft(**given):
    return Draft(**({"subject": "Doors", "body": "At seven.", "audience": "booked"} | given))


def write(event, **given):
    return create_draft(draft(**given), event_id=event.pk, by_id=event.created_by_id)


def send(message):
    return beginning.send_now(event_id=message.event_id, message_id=message.pk)


def schedule(message, ahead=timedelta(hours=1)):
    at = now() + ahead
    return beginning.schedule(event_id=message.event_id, message_id=message.pk, send_at=at)


def stop(message):
    return stopping.stop(event_id=message.event_id, message_id=message.pk)


def reread(message):
    return OrganizerMessage.objects.get(pk=message.pk)


def told(message):
    """Return how often each user was told."""
    rows = Notification.objects.filter(type="organizer_message", data__message=str(message.pk))
    return Counter(rows.values_list("user_id", flat=True))


# ── Who gets it ─────────────────────────────────────────────────────────────
def test_audiences_are_those_who_have_seats_or_wait_or_have_not_come(event):
    both, booked, arrived, cancelled = crowd(event, 4)
    BookingFactory(event=event, user=both)
    Booking.objects.filter(event=event, user=cancelled).update(status="cancelled")
    Ticket.objects.filter(event=event, user=arrived).update(checked_in_at=now())
    full = EventFactory(total_capacity=1)
    BookingFactory(event=full)
    wait(full.pk)
    chosen = Booking.objects.filter(event=event, user__in=[booked, cancelled])
    references = tuple(chosen.values_list("booking_reference", flat=True))

    def number(**given):
        return count_recipients(write(event, **given))

    assert number(audience="booked") == 3
    assert number(audience="everyone") == 3
    assert number(audience="waiting") == 0
    assert number(audience="not_checked_in") == 2
    assert number(audience="bookings", references=references) == 2
    # At the other event, one has a seat and one waits.
    assert count_recipients(write(full, audience="waiting")) == 1
    assert count_recipients(write(full, audience="everyone")) == 2


def test_reach_tells_what_people_have_turned_off_and_who_is_unreachable(event):
    _, off, no_emails, muted, bounced = crowd(event, 5)
    leaving = crowd(event, 1)[0]
    as_at_commit()
    User.objects.filter(pk=leaving.pk).update(
        deletion_requested_at=now(), deletion_due_at=now(), deletion_started_at=now()
    )
    User.objects.filter(pk=off.pk).update(
        preferences={"organizer_message": {"email": False, "in_app": False}}
    )
    User.objects.filter(pk=no_emails.pk).update(preferences={"organizer_message": {"email": False}})
    EventMute.objects.create(user=muted, event=event, category="messages", channel="email")
    Suppression.objects.create(
        user=bounced,
        address_digest=bounced.email_digest,
        address=bounced.key.seal("recipient", bounced.email),
        reason="hard_bounce",
    )

    assert reach_of(write(event)) == Reach(
        people=5, by_email=1, in_app=3, turned_off=1, no_emails=2, unreachable=1
    )


# ── What it says ────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("given", "field", "text"),
    [
        ({"subject": " "}, "subject", "Enter a subject."),
        ({"subject": "Doors\u202eflow"}, "subject", "a single line without invisible"),
        ({"subject": "Dear {userName}"}, "subject", "{userName} is not a placeholder here"),
        ({"subject": "x" * 151}, "subject", "at most 150 characters; these are 151"),
        ({"body": "\u200b\n"}, "body", "Write a text."),
        ({"body": "x" * 10_001}, "body", "at most 10,000 characters"),
        ({"body": "{userName.key.email}"}, "body", "is not a placeholder here"),
        ({"body": "See https://x.example/?n={userName}"}, "body", "A link cannot contain"),
        ({"body": "See elsewhere.com/?n={userName}"}, "body", "A link cannot contain"),
        ({"body": "See {eventUrl}@elsewhere.example"}, "body", "A link cannot contain"),
        ({"audience": "all"}, "audience", "Choose who gets the message."),
        ({"audience": "bookings"}, "references", "Enter the references"),
        ({"audience": "bookings", "references": ("EVT1",)}, "references", "no booking EVT1."),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_message_is_checked_before_it_is_saved(event, given, field, text):
    with pytest.raises(MessageInvalid) as refusal:
        write(event, **given)

    assert list(refusal.value.fields) == [field]
    assert text in refusal.value.fields[field]
    assert not OrganizerMessage.objects.exists()


def test_email_has_the_text_with_links_and_names_and_nothing_else(event):
    organizer = event.created_by
    User.objects.filter(pk=organizer.pk).update(email_verified_at=now())
    Event.objects.filter(pk=event.pk).update(contact_email=organizer.email)
    user = BookingFactory(event=event, user=UserFactory(name="Ada {eventUrl}")).user
    message = write(
        event,
        subject="Doors of {eventName}",
        body="Dear {userName},\r\n\r\n\r\n<script>x</script> see https://doors.example/a\n{eventUrl}",
    )
    send(message)
    sending.send_messages(event_id=event.pk)
    deliver_due()

    (email,) = mail.outbox
    html = email.alternatives[0][0]
    assert email.subject == "Doors of Jazz"
    assert (email.to, email.reply_to) == ([user.email], [organizer.email])
    assert "If you reply to this email, they get it." in email.body
    assert email.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Dear Ada {eventUrl},\n\n<script>x</script> see https://doors.example/a\n" in email.body
    assert "The organizer of Jazz" in email.body
    assert "&lt;script&gt;" in html
    assert 'href="https://doors.example/a"' in html
    assert f'/events/{event.pk}/"' in html
    assert kind_named("organizer_message").urgency is Urgency.BULK
    assert "Dear Ada {eventUrl}," in html


# ── Sending ─────────────────────────────────────────────────────────────────
def test_each_person_gets_it_once_in_batches_whatever_is_killed(event, monkeypatch):
    monkeypatch.setattr(sending, "BATCH", 2)
    people = crowd(event, 5)
    BookingFactory(event=event, user=people[0])
    message = write(event)
    begun = send(message)
    run_in_transaction, left = sending.run_in_transaction, [True]

    def crash(work):
        left.pop()
        return run_in_transaction(work)

    monkeypatch.setattr(sending, "run_in_transaction", crash)
    with pytest.raises(IndexError):
        sending.send_messages(event_id=event.pk)
    assert (begun.recipients, reread(message).told) == (5, 2)
    with pytest.raises(MessageBegun):
        edit_draft(draft(body="At eight."), event_id=event.pk, message_id=message.pk)
    monkeypatch.setattr(sending, "run_in_transaction", run_in_transaction)
    assert sending.events_to_write_to() == [event.pk]

    tasks.send_messages()
    tasks.send_messages_of(str(event.pk))

    assert set(told(message).values()) == {1}
    assert len(told(message)) == 5
    assert (reread(message).state, reread(message).told) == ("sent", 5)
    assert sending.events_to_write_to() == []


def test_message_begins_once_and_only_if_someone_gets_it(event):
    with pytest.raises(NobodyToWriteTo):
        send(write(event))
    crowd(event, 1)
    message = write(event)
    send(message)
    for again in (send, schedule):
        with pytest.raises(MessageBegun):
            again(message)
    with pytest.raises(MessageBegun):
        delete_draft(event_id=event.pk, message_id=message.pk)
    # It is the same form that was sent again.
    with pytest.raises(MessageBegun):
        create_draft(draft(), event_id=event.pk, by_id=event.created_by_id, message_id=message.pk)
    for _ in range(4):
        send(write(event))
    with pytest.raises(TooManyMessages):
        send(write(event))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_message_that_is_sent_by_two_at_once_begins_once_and_reaches_each_once(event):
    crowd(event, 3)
    message = write(event)

    outcomes = run_together(lambda: send(message), lambda: send(message))
    run_together(*[lambda: sending.send_messages(event_id=event.pk)] * 3)

    assert sorted(type(one).__name__ for one in outcomes) == ["MessageBegun", "OrganizerMessage"]
    assert reread(message).told == 3
    assert list(told(message).values()) == [1, 1, 1]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_message_that_is_stopped_while_it_is_sent_reaches_no_one_who_is_not_counted(
    event, monkeypatch
):
    monkeypatch.setattr(sending, "BATCH", 1)
    crowd(event, 6)
    message = write(event)
    send(message)

    run_together(lambda: sending.send_messages(event_id=event.pk), lambda: stop(message))
    tasks.send_messages()

    stopped = reread(message)
    assert (stopped.state, stopped.told) == ("stopped", len(told(message)))
    assert stopped.withdrawn == stopped.told
    deliver_due()
    assert not mail.outbox


# ── At a time ───────────────────────────────────────────────────────────────
def test_scheduled_message_goes_at_its_time_to_those_who_are_there_then(event, clock):
    clock.stop()
    crowd(event, 1)
    message = schedule(write(event))
    late = crowd(event, 1)[0]
    tasks.send_messages()
    assert not told(message)

    clock.move(timedelta(hours=1))
    tasks.send_messages()

    assert told(message)[late.pk] == 1
    assert reread(message).recipients == 2
    assert reread(message).send_at == message.send_at


def test_time_must_be_ahead_and_within_a_year(event):
    message = write(event)
    for ahead, text in ((-timedelta(1), "in the future"), (timedelta(366), "within a year")):
        with pytest.raises(MessageInvalid) as refusal:
            schedule(message, ahead)
        assert text in refusal.value.fields["send_at"]


def test_message_of_an_event_that_is_cancelled_or_moved_waits_to_be_checked(event, clock):
    crowd(event, 1)
    cancelled, moved = schedule(write(event)), schedule(write(event))
    edit_event(event_id=event.pk, version=None, description="Bring a chair.")
    assert reread(moved).state == "scheduled"

    edit_event(event_id=event.pk, version=None, venue="The Barn")

    assert (reread(moved).state, reread(moved).hold) == ("draft", Hold.CHANGED)
    assert reread(moved).label == "Not sent"
    schedule(cancelled)
    Event.objects.filter(pk=event.pk).update(status="cancelled", cancel_reason="Rain")
    clock.move(timedelta(hours=2))
    tasks.send_messages()
    assert (reread(cancelled).state, reread(cancelled).hold) == ("draft", Hold.CANCELLED)
    with pytest.raises(MessageInvalid) as refusal:
        schedule(cancelled)
    assert "is cancelled" in refusal.value.fields["send_at"]


@pytest.mark.parametrize("loss", ["role", "account", "event"])
def test_message_whose_author_may_not_write_any_more_waits_for_another(event, clock, loss):
    """A manager schedules it, and is dismissed, suspended, or taken from the event."""
    crowd(event, 1)
    author = OrganizerFactory()
    as_manager = EventStaff.objects.create(event=event, user=author, role="manager")
    given = {"event_id": event.pk, "by_id": author.pk}
    message, other = create_draft(draft(), **given), create_draft(draft(), **given)
    schedule(message)
    if loss == "role":
        withdraw_organizer(user_id=author.pk)
    elif loss == "account":
        set_active(user_id=author.pk, active=False)
    else:
        as_manager.delete()
    clock.move(timedelta(hours=2))

    tasks.send_messages()

    assert not told(message)
    assert (reread(message).state, reread(message).hold) == ("draft", Hold.AUTHOR)
    with pytest.raises(MessageInvalid) as refusal:
        schedule(other)
    assert "no longer manages this event" in refusal.value.fields["send_at"]
    # Who still manages it may answer for it at once.
    send(message)
    tasks.send_messages()
    assert len(told(message)) == 1


# ── Stopping ────────────────────────────────────────────────────────────────
def test_stopped_message_reaches_no_one_else_and_waiting_emails_are_taken_back(event, monkeypatch):
    monkeypatch.setattr(sending, "BATCH", 2)
    crowd(event, 3)
    message = write(event)
    send(message)
    assert sending._send_batch(event.pk, message.pk)
    first, second = Notification.objects.filter(data__message=str(message.pk)).order_by("pk")
    first.next_attempt_at = now() - timedelta(seconds=9)
    first.save(update_fields=["next_attempt_at"])
    Notification.objects.filter(pk=second.pk, user_id=second.user_id).update(
        next_attempt_at=now() + timedelta(seconds=50)
    )

    stopped = stop(message)

    assert stopped.message.state == "stopped"
    assert (stopped.emailed, stopped.withdrawn, stopped.under_way) == (0, 1, 1)
    assert stopped.message.withdrawn == 1
    tasks.send_messages()
    assert len(told(message)) == 2
    # What a mailer had taken is not written any more.
    Notification.objects.filter(pk=second.pk, user_id=second.user_id).update(next_attempt_at=now())
    deliver_due()
    assert not mail.outbox
    assert not EmailDelivery.objects.filter(kind="organizer_message").exists()
    progress = progress_of(reread(message))
    assert (progress.told, progress.emailed, progress.waiting) == (2, 0, 0)
    assert (progress.withdrawn, progress.in_app, progress.turned_off) == (2, 0, 0)
    assert not Notification.objects.inbox_of(second.user_id).exists()
    with pytest.raises(NotBegun):
        stop(message)


def test_message_that_has_reached_everyone_cannot_be_stopped(event):
    crowd(event, 1)
    message = write(event)
    with pytest.raises(NotBegun):
        stop(message)
    send(message)
    sending.send_messages(event_id=event.pk)
    deliver_due()
    with pytest.raises(NotBegun):
        stop(message)
    assert progress_of(reread(message)).emailed == 1


# ── Data protection ─────────────────────────────────────────────────────────
def test_what_a_person_wrote_and_got_is_exported_and_erased_with_their_account(event):
    author, recipient = UserFactory(), BookingFactory(event=event).user
    given = {"event_id": event.pk, "by_id": author.pk}
    sent, unsent = create_draft(draft(), **given), create_draft(draft(), **given)
    send(sent)
    sending.send_messages(event_id=event.pk)
    (got,) = organizer_messages(recipient.pk)
    assert (got["body"], got["written_by"]) == ("At seven.", "organizer")
    assert [one["written_by"] for one in organizer_messages(author.pk)] == ["you", "you"]
    as_at_commit()
    User.objects.filter(pk=author.pk).update(
        deletion_requested_at=now(), deletion_due_at=now(), deletion_started_at=now()
    )

    assert forget_written(user_id=author.pk) == 2

    assert (reread(sent).subject, reread(sent).body) == (ERASED, ERASED)
    assert not OrganizerMessage.objects.filter(pk=unsent.pk).exists()
    # Nothing of it is shown or sent any more.
    notification = Notification.objects.get(user=recipient, type="organizer_message")
    assert received_message(user=recipient, notification_id=notification.pk) is None
    deliver_due()
    assert not mail.outbox
    assert "At seven." not in str(run("SELECT before, after FROM audit_log"))
