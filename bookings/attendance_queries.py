"""Which bookings are to be asked whether they are still coming, and what they have answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value

from bookings.attendance_models import AttendanceCheck
from bookings.models import HOLDING_SEATS, Booking, BookingStatus, Canceller, Ticket
from evently.database.functions import Clock
from events.attendance import QUIET_BEFORE_START, AskedFrom, asked_from
from events.constraints import ASKED_DAYS_MOST
from events.models import Event, EventStatus

# Attendees of an event are asked at the earliest so long before its start, in any time zone.
EARLIEST = timedelta(days=ASKED_DAYS_MOST + 2)


@dataclass(frozen=True)
class AttendanceFigures:
    """What the attendees of an event have said; in seats, as asked and as they are now."""

    asked: int
    coming: int
    given_back: int
    unanswered: int
    returned: int


def _used_tickets() -> Exists:
    """Return the condition for bookings of which a ticket was used."""
    return Exists(
        Ticket.objects.filter(
            booking_id=OuterRef("pk"), event_id=OuterRef("event_id"), checked_in_at__isnull=False
        )
    )


def _checks_of_booking() -> QuerySet[AttendanceCheck]:
    return AttendanceCheck.objects.filter(booking_id=OuterRef("pk"), event_id=OuterRef("event_id"))


def bookings_to_ask(event: Event) -> QuerySet[Booking]:
    """Return the bookings of an event that were made before it asks, and were not asked."""
    return Booking.objects.filter(
        ~_used_tickets(),
        ~Exists(_checks_of_booking().filter(event_date=event.event_date)),
        event_id=event.pk,
        status=BookingStatus.CONFIRMED,
        created_at__lt=asked_from(event),
    )


def events_to_ask() -> list[UUID]:
    """Return the ids of events that have bookings to ask now."""
    unasked = Booking.objects.filter(
        ~_used_tickets(),
        ~Exists(_checks_of_booking().filter(event_date=OuterRef(OuterRef("event_date")))),
        event_id=OuterRef("pk"),
        status=BookingStatus.CONFIRMED,
        created_at__lt=OuterRef("asked_from"),
    )
    return list(
        Event.objects.published()
        .filter(
            status=EventStatus.ACTIVE,
            ask_days_before__isnull=False,
            event_date__gt=Clock() + Value(QUIET_BEFORE_START),
            event_date__lt=Clock() + Value(EARLIEST),
        )
        .annotate(asked_from=AskedFrom())
        .filter(Exists(unasked), asked_from__lte=Clock())
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def open_checks() -> QuerySet[AttendanceCheck]:
    """Return the questions without an answer of events that still ask, about their present date.

    Only of bookings that hold their seats, and of events that do not start within 24 hours.
    """
    return AttendanceCheck.objects.filter(
        answered_at__isnull=True,
        event_date=F("event__event_date"),
        event_date__gt=Clock() + Value(QUIET_BEFORE_START),
        event__status=EventStatus.ACTIVE,
        event__ask_days_before__isnull=False,
        booking__status=BookingStatus.CONFIRMED,
        booking__event_id=F("event_id"),
    )


def attendance_of(bookings: Iterable[Booking]) -> dict[UUID, AttendanceCheck]:
    """Return the questions about the present dates of bookings, by booking; one query.

    No query where no event of them asks. Their events are loaded.
    """
    dates = {
        booking.pk: booking.event.event_date
        for booking in bookings
        if booking.event.ask_days_before is not None
    }
    if not dates:
        return {}
    event_ids = {booking.event_id for booking in bookings if booking.pk in dates}
    checks = AttendanceCheck.objects.filter(event_id__in=event_ids, booking_id__in=dates)
    return {
        check.booking_id: check for check in checks if check.event_date == dates[check.booking_id]
    }


def attendance_figures(event: Event) -> AttendanceFigures | None:
    """Return what attendees have said about the present date; None where none was asked."""
    coming = Q(booking__status__in=HOLDING_SEATS)
    counts = AttendanceCheck.objects.filter(
        event_id=event.pk, event_date=event.event_date, booking__event_id=event.pk
    ).aggregate(
        bookings=Count("pk"),
        asked=Sum("seats", default=0),
        coming=Sum("booking__quantity", filter=coming & Q(answered_at__isnull=False), default=0),
        unanswered=Sum("booking__quantity", filter=coming & Q(answered_at__isnull=True), default=0),
        returned=Sum("seats", filter=Q(booking__cancelled_by=Canceller.UNANSWERED), default=0),
    )
    if not counts.pop("bookings"):
        return None
    rest = counts["asked"] - counts["coming"] - counts["unanswered"] - counts["returned"]
    return AttendanceFigures(given_back=rest, **counts)


def moved_checks(event: Event, *, old_date: datetime, since: datetime) -> QuerySet[AttendanceCheck]:
    """Return the questions about an earlier date of an event, asked since a time."""
    about_new = AttendanceCheck.objects.filter(
        event_id=event.pk, booking_id=OuterRef("booking_id"), event_date=event.event_date
    )
    return AttendanceCheck.objects.filter(
        ~Exists(about_new), event_id=event.pk, event_date=old_date, asked_at__gte=since
    )


def checks_of(*, event_id: UUID, ids: Sequence[UUID]) -> QuerySet[AttendanceCheck]:
    return AttendanceCheck.objects.filter(event_id=event_id, pk__in=ids)
