"""Booking and cancelling the same seats over and over.

Each booking and each cancellation emails the user, and moves seats that others want. Numbers that
honest users do not reach: they keep a booking, and those who book for many people keep most.
"""

from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import JSONObject

from bookings.models import HOLDING_SEATS, Booking, BookingStatus, Canceller
from evently.database.functions import Clock
from evently.errors import Busy
from evently.formatting import duration

# Cancelled by the user, for one event, beyond the bookings that the user still has.
MOST_PER_HOUR = 5
MOST_PER_DAY = 10
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CANCELLED = Q(status=BookingStatus.CANCELLED) & (
    Q(cancelled_by=Canceller.ATTENDEE)
    # Cancelled by the release before this column.
    | Q(cancelled_by__isnull=True, cancel_reason=Canceller.ATTENDEE.value)
)


class RebookedTooOften(Busy):
    """The user has cancelled too many bookings of this event to book it again right away."""

    code = "rebooking_limit"
    message = "You have booked and cancelled seats for this event several times."


def bookings_so_far(user_id: UUID) -> Subquery:
    """Return the annotation of an event with what `check_rebooking` needs, in the same query."""
    own = Booking.objects.filter(event_id=OuterRef("pk"), user_id=user_id).order_by()
    counts = JSONObject(
        living=Count("pk", filter=Q(status__in=HOLDING_SEATS)),
        hour=Count("pk", filter=CANCELLED & Q(cancelled_at__gt=Clock() - Value(HOUR))),
        day=Count("pk", filter=CANCELLED & Q(cancelled_at__gt=Clock() - Value(DAY))),
    )
    return Subquery(own.values("event_id").annotate(counts=counts).values("counts"))


def check_rebooking(
    counts: dict[str, int] | None, *, event_id: UUID, user_id: UUID, at: datetime
) -> None:
    """Refuse another booking of a user who keeps booking and cancelling. Raises RebookedTooOften.

    counts: from `bookings_so_far`, None without bookings. at: the database's time.
    """
    if counts is None:
        return
    for name, most, window in (("day", MOST_PER_DAY, DAY), ("hour", MOST_PER_HOUR, HOUR)):
        allowed = most + counts["living"]
        if counts[name] < allowed:
            continue
        cancelled = Booking.objects.filter(CANCELLED, event_id=event_id, user_id=user_id)
        times = cancelled.order_by("-cancelled_at").values_list("cancelled_at", flat=True)
        first = times[allowed - 1] or at
        wait = first + window - at
        minutes = timedelta(minutes=ceil(wait / timedelta(minutes=1)))
        raise RebookedTooOften(
            f"{RebookedTooOften.message} You can book again in {duration(minutes)}.",
            retry_after_seconds=max(1, ceil(wait.total_seconds())),
        )
