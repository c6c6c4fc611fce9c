"""What periodic tasks have to do: events to end, attendees to ask again, accounts to erase.

And what keeps an account from being erased.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value

from bookings.attendance_models import AttendanceCheck
from bookings.attendance_queries import open_checks
from bookings.models import Booking, Ticket
from evently.accounts.models import User
from evently.database.functions import Among, Clock, Ids
from evently.erasure.models import Erasure
from events.attendance import TIME_TO_ANSWER
from events.models import Event, EventStatus, UnansweredPolicy
from waitlists.models import WaitlistEntry

COMPLETED_AT_ONCE = 500
# No longer than a session, the only thing that can use a duplicate.
DUPLICATE_LIFETIME = timedelta(seconds=settings.SESSION_COOKIE_AGE)
DUPLICATES_AT_ONCE = 500


def cancelled_events_to_continue() -> list[UUID]:
    """Return the ids of cancelled events that still have bookings or waitlist entries.

    Bookings and offers leave fewer seats available, so that none of them is read.
    """
    waiting = WaitlistEntry.objects.waiting().order_by().values("event_id").distinct()
    has_seats_taken = Q(available_seats__lt=F("total_capacity"))
    return list(
        Event.objects.filter(status=EventStatus.CANCELLED)
        .filter(has_seats_taken | Q(Among(F("pk"), Ids(waiting))))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def events_to_complete() -> list[UUID]:
    """Return the ids of active events that are over, at most COMPLETED_AT_ONCE."""
    return list(
        # Those that are over have started, which the index says.
        Event.objects.filter(status=EventStatus.ACTIVE, event_date__lte=Clock())
        .over()
        .order_by("pk")
        .values_list("pk", flat=True)[:COMPLETED_AT_ONCE]
    )


def _to_ask_again() -> QuerySet[AttendanceCheck]:
    return open_checks().filter(
        asked_again_at__isnull=True, asked_at__lte=Clock() - Value(TIME_TO_ANSWER)
    )


def events_to_ask_again() -> list[UUID]:
    """Return the ids of events whose attendees may have to be asked again by now."""
    return _events_of(_to_ask_again())


def people_to_ask_again(event_id: UUID) -> list[UUID]:
    """Return the ids of an event's attendees who may have to be asked again by now."""
    people = _to_ask_again().filter(event_id=event_id).order_by("booking__user_id")
    return list(people.values_list("booking__user_id", flat=True).distinct())


def checks_to_return(event: Event) -> QuerySet[AttendanceCheck]:
    """Return the questions of an event whose seats may be returned, the latest bookings first.

    Not whether the second question has arrived.
    """
    return (
        _to_return()
        .filter(event_id=event.pk)
        .select_related("booking")
        .order_by("-booking__created_at", "-pk")
    )


def _to_return() -> QuerySet[AttendanceCheck]:
    """Return questions that were asked twice; an entry waits that fits what would be free."""
    fits = WaitlistEntry.objects.confirmed().filter(
        event_id=OuterRef("event_id"),
        min_quantity__lte=OuterRef("event__available_seats") + OuterRef("booking__quantity"),
    )
    used = Ticket.objects.filter(
        event_id=OuterRef("event_id"),
        booking_id=OuterRef("booking_id"),
        checked_in_at__isnull=False,
    )
    return open_checks().filter(
        Exists(fits),
        ~Exists(used),
        asked_again_at__lte=Clock() - Value(TIME_TO_ANSWER),
        # Before a draw, no offers are made.
        event__draw_closes_at__isnull=True,
        booking__unanswered_policy=UnansweredPolicy.RETURN,
        event__unanswered_policy=UnansweredPolicy.RETURN,
    )


def events_with_seats_to_return() -> list[UUID]:
    """Return the ids of events of which unanswered seats may go to the waitlist."""
    return _events_of(_to_return())


def _events_of(checks: QuerySet[AttendanceCheck]) -> list[UUID]:
    return list(checks.order_by("event_id").values_list("event_id", flat=True).distinct())


def events_ahead_of(user_id: UUID) -> list[Event]:
    """Return the events that an organizer still answers for, which keep the account; next first."""
    events = Event.objects.current().filter(created_by_id=user_id)
    return list(events.order_by("event_date", "pk"))


def accounts_to_erase() -> list[UUID]:
    """Return the ids of users whose deletion is due or has begun."""
    return list(User.objects.filter(deletion_due_at__lte=Clock()).values_list("pk", flat=True))


def receipts_to_complete() -> list[UUID]:
    """Return the ids of erased users whose receipt is not complete."""
    open_ones = Erasure.objects.filter(completed_at__isnull=True, kind=Erasure.Kind.ERASED)
    gone = User.objects.filter(pk__in=open_ones.values("user_id"), deleted_at__isnull=False)
    return list(gone.values_list("pk", flat=True))


def duplicates_to_erase() -> list[UUID]:
    """Return the ids of old duplicates (`User.is_duplicate`) without seats of an upcoming event."""
    upcoming = Booking.objects.holding_seats().filter(
        user_id=OuterRef("pk"), event__event_date__gt=Clock()
    )
    return list(
        User.objects.filter(
            email_digest__isnull=True,
            deleted_at__isnull=True,
            email_verified_at__isnull=True,
            created_at__lt=Clock() - Value(DUPLICATE_LIFETIME),
        )
        .exclude(Exists(upcoming))
        .order_by("pk")
        .values_list("pk", flat=True)[:DUPLICATES_AT_ONCE]
    )
