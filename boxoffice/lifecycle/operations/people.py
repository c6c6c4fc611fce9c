"""Two ways to remove a person; either way their seats go to the waitlist.

Erasing keeps the rows: the account is closed and its name and email address become unreadable,
while bookings stay as accounting records. It is what users get who delete their account, after a
cooling-off period (`request_deletion`); operators skip that (`erase_person`). It takes two steps,
so that the emails about cancelled bookings are sent before the email address is gone.
`delete_person` deletes the rows, with everything that refers to them.
"""

from datetime import timedelta
from uuid import UUID

from bookings.models import Booking
from bookings.operations import Canceller, release_bookings
from boxoffice.lifecycle.operations.forgetting import forget_person
from evently.accounts.links import read_deletion_token
from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.models import User
from evently.accounts.operations.closing import close_account
from evently.accounts.operations.deletion import schedule_deletion, start_erasure
from evently.accounts.operations.passwords import lock_active
from evently.accounts.operations.rate_limits import count_email_request
from evently.database.clock import now
from evently.errors import Conflict
from evently.origin import Origin
from evently.transactions import RetryTransaction, refusing, run_in_transaction
from events.locks import lock_events
from events.models import Event
from events.signals import seats_freed
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers

# How long an operator's request waits for the mail server.
SENDING_SECONDS = 15.0
# Longer than all attempts to send an email take together, which is about a day.
EMAIL_WAIT = timedelta(days=2)


class OrganizerStays(Conflict):
    """The person created events or has payments, which must not lose their owner."""

    code = "organizer_stays"
    message = (
        "This account organizes upcoming events or has payments on record. "
        "Cancel the events or hand them over first."
    )


def request_deletion(*, user_id: UUID, origin: Origin, session: str | None = None) -> User:
    """Delete an account after the cooling-off period; may be repeated.

    The caller has made sure that the user asked for it: by the password, or a token for this.
    session: the caller's `get_session_auth_hash()`; see `lock_user`.
    Raises UserNotFound, OrganizerStays, LastSuperuser, SessionEnded, TooManyAttempts.
    """

    def work() -> User:
        user = lock_user(user_id, session=session)
        if user.deletion_due_at is None:
            count_email_request(user.email, origin)
        return _schedule(user)

    return run_in_transaction(work)


def request_deletion_by_link(*, token: str) -> User:
    """Delete an account after the cooling-off period, by an emailed link, which works once.

    Raises LinkExpired, OrganizerStays, LastSuperuser.
    """
    user_id, link_version = read_deletion_token(token)
    return run_in_transaction(lambda: _schedule(lock_active(user_id, link_version)))


def _schedule(locked_user: User) -> User:
    _refuse_organizer(locked_user.pk)
    schedule_deletion(locked_user)
    return locked_user


def erase_person(*, user_id: UUID, at_once: bool = False) -> bool:
    """Erase an account without a cooling-off period; keep the rows. Returns whether it is done.

    Bookings of upcoming events are cancelled, waitlist entries and offers end. Bookings stay,
    without the person, so totals do not change. The emails about that are sent now; where the mail
    server does not take them within SENDING_SECONDS, the periodic task erases name and email
    address later, unless at_once, which gives the emails up.
    Raises UserNotFound, OrganizerStays (upcoming events), LastSuperuser, EventBusy.
    """
    begin_erasure(user_id=user_id)
    deliver_all(unsent_emails_of(user_id), seconds=SENDING_SECONDS)
    return finish_erasure(user_id=user_id, at_once=at_once)


def continue_erasure(*, user_id: UUID) -> None:
    """Do what is due of a deletion: cancel the bookings, or erase the person once emails are sent.

    Raises what `erase_person` raises.
    """
    begin_erasure(user_id=user_id)
    finish_erasure(user_id=user_id)


def begin_erasure(*, user_id: UUID) -> None:
    """Cancel what lies ahead of a person and deactivate the account; may be repeated.

    Raises UserNotFound, OrganizerStays, LastSuperuser, EventBusy.
    """

    def work() -> None:
        user = User.objects.filter(pk=user_id, deleted_at__isnull=True).first()
        if user is None:
            raise UserNotFound
        if user.deletion_started_at is not None:
            return
        _refuse_organizer(user_id)
        for event in _locked_events_of(user_id):
            _give_back(event, user_id)
            seats_freed.send(sender=User, locked_event=event)
        start_erasure(lock_user(user_id))

    run_in_transaction(work)


def finish_erasure(*, user_id: UUID, at_once: bool = False) -> bool:
    """Make name and email address unreadable, once the emails about the bookings are sent.

    Emails are waited for until EMAIL_WAIT after the beginning, by when every attempt to send them
    is over (`notifications.operations.attempts`), or not at all if at_once.
    Returns whether it is done. Raises UserNotFound, LastSuperuser, EventBusy.
    """
    started = (
        User.objects.filter(pk=user_id, deletion_started_at__isnull=False)
        .values_list("deletion_started_at", flat=True)
        .first()
    )
    if started is None:
        return False
    if not at_once and now() < started + EMAIL_WAIT and unsent_emails_of(user_id):
        return False

    def work() -> bool:
        # Once more: a request that was under way at the beginning may have booked or joined since.
        for event in _locked_events_of(user_id):
            _give_back(event, user_id)
            seats_freed.send(sender=User, locked_event=event)
        forget_person(user_id=user_id)
        close_account(user_id=user_id)
        return True

    return run_in_transaction(work)


def _refuse_organizer(user_id: UUID) -> None:
    if Event.objects.current().filter(created_by_id=user_id).exists():
        raise OrganizerStays


def delete_person(*, user_id: UUID) -> None:
    """Delete a person's row and, by the database's cascades, their bookings and everything else.

    Raises UserNotFound, OrganizerStays (they created events, or have payments), EventBusy.
    """

    def work() -> None:
        events = _locked_events_of(user_id)
        with refusing(
            fk_events_created_by=OrganizerStays,
            fk_payments_booking=OrganizerStays,
        ):
            if not User.objects.filter(pk=user_id)._raw_delete("default"):
                raise UserNotFound
        for event in events:
            seats_freed.send(sender=User, locked_event=event)

    run_in_transaction(work)


def _locked_events_of(user_id: UUID) -> list[Event]:
    """Lock all events in which a person holds seats, is waiting or has an offer; then the person.

    Events come first and in the order of their ids, as in bookings: the other way round
    deadlocks with them. Raises RetryTransaction when the person has booked or joined another
    event meanwhile.
    """
    locked = lock_events(_event_ids_of(user_id))
    # From now on, a booking or entry of theirs waits for this lock at its commit.
    User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if not _event_ids_of(user_id) <= {event.pk for event in locked}:
        # Locking another event now could break the order.
        raise RetryTransaction
    return locked


def _event_ids_of(user_id: UUID) -> set[UUID]:
    held = Booking.objects.of_user(user_id).holding_seats().values_list("event_id", flat=True)
    waiting = (
        WaitlistEntry.objects.open().filter(user_id=user_id).values_list("event_id", flat=True)
    )
    offered = Promotion.objects.filter(user_id=user_id, status=PromotionStatus.PENDING).values_list(
        "event_id", flat=True
    )
    return {*held, *waiting, *offered}


def _give_back(event: Event, user_id: UUID) -> None:
    """End a person's offers and waitlist entry in a locked event, and their upcoming bookings."""
    offers = list(
        Promotion.objects.filter(event_id=event.pk, user_id=user_id, status=PromotionStatus.PENDING)
    )
    if offers:
        end_offers(locked_event=event, promotions=offers, status=PromotionStatus.DECLINED)
    WaitlistEntry.objects.filter(
        event_id=event.pk, user_id=user_id, status=EntryStatus.WAITING
    ).update(status=EntryStatus.LEFT)
    if event.is_active and not event.has_started(at=now()):
        bookings = list(Booking.objects.of_user(user_id).holding_seats().filter(event_id=event.pk))
        if bookings:
            release_bookings(
                locked_event=event,
                bookings=bookings,
                by=Canceller.ATTENDEE,
                reason="the account was deleted",
            )
