"""Correcting the mistyped email address of a guest: by the organizer, or by the guest at once.

An account that its owner has confirmed, or that has a password, is never changed like this. Nor is
one that has anything to do with others: an organizer could take it over otherwise, and read what
it has booked elsewhere. Tickets that went to the wrong address are replaced by new ones.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db.models import Model

from bookings.locks import BookingNotFound, lock_booking
from bookings.models import ArchivedBooking, Booking
from bookings.operations.tickets import replace_tickets
from bookings.signals import tickets_requested
from evently.accounts.locks import lock_user
from evently.accounts.models import User
from evently.accounts.operations.correction import correct_email
from evently.database.identity import as_worker
from evently.errors import Conflict
from evently.throttle import Limit, count
from evently.transactions import run_in_transaction
from events.locks import lock_event
from events.models import Event
from waitlists.models import WaitlistEntry

# What an account may have of an event.
MODELS: tuple[type[Model], ...] = (Booking, WaitlistEntry, ArchivedBooking)
# A typing error takes one or two attempts; more would be probing which addresses have accounts.
CORRECTIONS_OF_BOOKING = Limit("corrections_of_booking", most=5, window=timedelta(days=1))
CORRECTIONS_BY_ORGANIZER = Limit("corrections_by_organizer", most=30, window=timedelta(hours=1))


class BookedElsewhere(Conflict):
    """The account has bookings or waitlist entries that the person asking may not see."""

    code = "booked_elsewhere"
    message = (
        "This account has bookings that are not yours to see, so its address cannot be changed "
        "here. Ask the attendee to log in by an emailed link and change it on the account page, or "
        "add a booking for the right address and cancel this one."
    )


def correct_address(*, event_id: UUID, booking_id: UUID, email: str, by: User) -> User:
    """Correct the address of a guest who booked, by an organizer of the event.

    All that the account has must be of events that the organizer manages.
    Raises BookingNotFound, AddressInvalid, AddressConfirmed, AddressTaken, SameAddress,
    BookedElsewhere, TooManyAttempts, EventBusy.
    """
    if not Event.objects.managed_by(by).filter(pk=event_id).exists():
        raise BookingNotFound
    count((CORRECTIONS_OF_BOOKING, str(booking_id)), (CORRECTIONS_BY_ORGANIZER, str(by.pk)))

    def check(user_id: UUID) -> None:
        events = set().union(*(_events_of(model, user_id) for model in MODELS))
        if Event.objects.managed_by(by).filter(pk__in=events).count() < len(events):
            raise BookedElsewhere

    return _correct(event_id, booking_id, email, check=check, by_id=by.pk)


def correct_own_address(*, event_id: UUID, booking_id: UUID, email: str) -> User:
    """Correct the address that a guest typed a moment ago, for their one booking.

    The caller has checked that this browser made the booking.
    Raises as `correct_address`.
    """
    count((CORRECTIONS_OF_BOOKING, str(booking_id)))

    def check(user_id: UUID) -> None:
        others = Booking.objects.filter(user_id=user_id).exclude(pk=booking_id)
        if others.exists() or any(_events_of(model, user_id) for model in MODELS[1:]):
            raise BookedElsewhere

    return _correct(event_id, booking_id, email, check=check, by_id=None)


def _events_of(model: type[Model], user_id: UUID) -> set[UUID]:
    """Return the events that rows of an account belong to, ended ones included."""
    return set(model._default_manager.filter(user_id=user_id).values_list("event_id", flat=True))


@as_worker()
def _correct(
    event_id: UUID,
    booking_id: UUID,
    email: str,
    *,
    check: Callable[[UUID], None],
    by_id: UUID | None,
) -> User:
    def work() -> User:
        event = lock_event(event_id)
        booking = lock_booking(locked_event=event, booking_id=booking_id)
        user = lock_user(booking.user_id)
        check(user.pk)
        correct_email(user, email)
        if booking.is_confirmed:
            replace_tickets(locked_event=event, booking=booking)
            tickets_requested.send(sender=Booking, booking=booking, by_id=by_id)
        return user

    return run_in_transaction(work)
