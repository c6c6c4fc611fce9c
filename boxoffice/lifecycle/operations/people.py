"""People go: what they held goes to the line, whether their rows stay for the books or not."""

from uuid import UUID

from bookings.models import Booking, BookingStatus
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
    """Somebody who made events, or whose money is in the books, cannot simply go."""

    code = "organizer_stays"
    message = (
        "This account organizes events that are not over, or has payments in the books. "
        "Cancel the events or hand them over first."
    )


def erase_person(*, user_id: UUID) -> None:
    """Let a person leave: what lies ahead is cancelled, and their name and address go dark.

    Bookings stay for the books without the person, so totals stay as they are.
    Raises UserNotFound, OrganizerStays, EventBusy.
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


def remove_person(*, user_id: UUID) -> None:
    """Delete a person's rows, and by the database's cascades all that is theirs.

    Events first, people last: the other way round deadlocks with bookings.
    Raises UserNotFound, OrganizerStays (they made events, or paid), EventBusy.
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
    """Lock, in the order of their ids, all events that a person holds or waits for something of.

    Then the person, and looks again, since they may just have booked another.
    """
    locked = lock_events(_event_ids_of(user_id))
    # Whatever they book or join from now on waits for this at its commit.
    User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if not _event_ids_of(user_id) <= {event.pk for event in locked}:
        # Locking more now could break the order.
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
    """Cancel what a person has ahead of them in a locked event."""
    offers = list(
        Promotion.objects.filter(event_id=event.pk, user_id=user_id, status=PromotionStatus.PENDING)
    )
    if offers:
        end_offers(locked_event=event, promotions=offers, status=PromotionStatus.DECLINED)
    WaitlistEntry.objects.filter(
        event_id=event.pk, user_id=user_id, status=EntryStatus.WAITING
    ).update(status=EntryStatus.LEFT)
    if event.is_active and event.event_date > now():
        bookings = list(
            Booking.objects.filter(event_id=event.pk, user_id=user_id).exclude(
                status=BookingStatus.CANCELLED
            )
        )
        if bookings:
            release_bookings(
                locked_event=event,
                bookings=bookings,
                by=Canceller.ATTENDEE,
                reason="the person left",
            )
