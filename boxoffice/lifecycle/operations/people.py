"""Two ways to remove a person; either way their seats go to the waitlist.

`erase_person` keeps the rows: the account is closed and its name and email address become
unreadable, while bookings stay as accounting records. It is what users get who delete their
account. `delete_person` deletes the rows, with everything that refers to them.
"""

from uuid import UUID

from bookings.models import Booking
from bookings.operations import Canceller, release_bookings
from evently.accounts.locks import UserNotFound
from evently.accounts.models import User
from evently.accounts.operations.closing import close_account
from evently.database.clock import now
from evently.errors import Conflict
from evently.transactions import RetryTransaction, refusing, run_in_transaction
from events.locks import lock_events
from events.models import Event
from events.signals import seats_freed
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers


class OrganizerStays(Conflict):
    """The person created events or has payments, which must not lose their owner."""

    code = "organizer_stays"
    message = (
        "This account organizes upcoming events or has payments on record. "
        "Cancel the events or hand them over first."
    )


def erase_person(*, user_id: UUID) -> None:
    """Close an account and make its name and email address unreadable; keep the rows.

    Bookings of upcoming events are cancelled, waitlist entries and offers end. Bookings stay,
    without the person, so totals do not change.
    Raises UserNotFound, OrganizerStays (upcoming events), LastSuperuser, EventBusy.
    """

    def work() -> None:
        if not User.objects.filter(pk=user_id, deleted_at__isnull=True).exists():
            raise UserNotFound
        if Event.objects.upcoming().filter(created_by_id=user_id).exists():
            raise OrganizerStays
        for event in _locked_events_of(user_id):
            _give_back(event, user_id)
            seats_freed.send(sender=User, locked_event=event)
        close_account(user_id=user_id)

    run_in_transaction(work)


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
