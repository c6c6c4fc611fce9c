"""Reads of what is due by time: attendees to remind and to thank, open payments and offers.

Periodic tasks ask each minute. Events whose attendees have all been notified have a row in
`mailings`; single reminders are left out by their key in `message_keys`.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import (
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, Least

from bookings.models import Booking, BookingStatus, Ticket, TicketTransfer
from evently.database.functions import Clock, ClockOnce
from events.constraints import LONGEST_WINDOW_MINUTES, REMINDER_HOURS_MOST
from events.models import Event, EventStatus
from events.reminders import RemindedFrom, ThankedFrom
from notifications.mailing_models import Mailing, MailingKind
from notifications.models import MessageKey
from waitlists.models import Promotion, PromotionStatus

# More than any change of clocks moves a time.
A_DAY = timedelta(days=1)
EARLIEST_REMINDER = timedelta(hours=REMINDER_HOURS_MOST) + A_DAY
# After that, thanks would be odd: no task has run for days.
LATEST_THANKS = timedelta(days=3)
# A window is extended once, to twice its length at most.
LONGEST_OFFER = 2 * timedelta(minutes=LONGEST_WINDOW_MINUTES)
# When an open payment is reminded of: with a third of the time left, and at most this long before.
LONGEST_BEFORE_PAYMENT = timedelta(days=2)
# Whoever has less time to pay is doing so.
SHORTEST_TIME_TO_PAY = timedelta(hours=3)


# ── Events ──────────────────────────────────────────────────────────────────
def events_to_remind() -> QuerySet[Event]:
    """Return the events whose attendees are to be reminded now, with `due_at`."""
    return (
        Event.objects.published()
        .filter(
            status=EventStatus.ACTIVE,
            reminder_hours__isnull=False,
            event_date__gt=Clock(),
            event_date__lt=Clock() + Value(EARLIEST_REMINDER),
        )
        .annotate(due_at=RemindedFrom())
        .filter(~_sent(MailingKind.REMINDER), due_at__lte=Clock())
        .order_by("event_date", "pk")
    )


def events_to_thank() -> QuerySet[Event]:
    """Return the events whose attendees are to be thanked now, with `due_at`."""
    return (
        Event.objects.filter(
            ~Q(status=EventStatus.CANCELLED), published_at__isnull=False, sends_thanks=True
        )
        .annotate(over_at=Coalesce("ends_at", "event_date"), due_at=ThankedFrom())
        .filter(
            ~_sent(MailingKind.EVENT_OVER),
            over_at__gt=Clock() - Value(LATEST_THANKS),
            over_at__lt=Clock(),
            due_at__lte=Clock(),
        )
        .order_by("over_at", "pk")
    )


def ids_of(events: QuerySet[Event]) -> list[UUID]:
    return list(events.values_list("pk", flat=True))


def _sent(kind: MailingKind) -> Exists:
    return Exists(
        Mailing.objects.filter(event_id=OuterRef("pk"), kind=kind, due_at=OuterRef("due_at"))
    )


# ── Attendees ───────────────────────────────────────────────────────────────
def people_to_remind(event: Event, *, due_at: datetime) -> list[UUID]:
    """Return who has had a ticket of an event since before it reminds, in the order of their ids.

    Those whose booking is confirmed, unless they have handed over all of its tickets, and those who
    have accepted one.
    """
    own = _tickets(event).filter(
        Q(holder__isnull=True) | Q(holder_id=OuterRef("user_id")), booking_id=OuterRef("pk")
    )
    return _people(
        _bookings(event).filter(Exists(own), created_at__lt=due_at),
        _handed_over(event).filter(ended_at__lt=due_at),
    )


def people_to_thank(event: Event) -> list[UUID]:
    """Return who came to an event, in the order of their ids.

    Those who were checked in; all who have tickets where no one was, as it seems that no tickets
    were checked.
    """
    tickets = _tickets(event)
    if tickets.filter(checked_in_at__isnull=False).exists():
        tickets = tickets.filter(checked_in_at__isnull=False)
    own = tickets.filter(
        Q(holder__isnull=True) | Q(holder_id=OuterRef("user_id")), booking_id=OuterRef("pk")
    )
    return _people(
        _bookings(event).filter(Exists(own)),
        _handed_over(event).filter(Exists(tickets.filter(pk=OuterRef("new_ticket_id")))),
    )


def _bookings(event: Event) -> QuerySet[Booking]:
    return Booking.objects.filter(event_id=event.pk, status=BookingStatus.CONFIRMED)


def _tickets(event: Event) -> QuerySet[Ticket]:
    return Ticket.objects.filter(event_id=event.pk, cancelled_at__isnull=True)


def _handed_over(event: Event) -> QuerySet[TicketTransfer]:
    """Return the tickets of others that people have accepted, and that are valid."""
    return TicketTransfer.objects.filter(
        event_id=event.pk, recipient__isnull=False, new_ticket__cancelled_at__isnull=True
    )


def _people(bookings: QuerySet[Booking], transfers: QuerySet[TicketTransfer]) -> list[UUID]:
    booked = bookings.order_by().values_list("user_id", flat=True)
    given = transfers.order_by().values_list("recipient_id", flat=True)
    return list(booked.union(given).order_by("user_id"))


# ── Single reminders ────────────────────────────────────────────────────────
def payments_to_remind_of() -> QuerySet[Booking]:
    """Return the unpaid bookings that are to be reminded of now, with their events."""
    time_to_pay = ExpressionWrapper(F("expires_at") - F("created_at"), DurationField())
    before = Least(time_to_pay / 3, Value(LONGEST_BEFORE_PAYMENT))
    return (
        Booking.objects.filter(
            ~_told("payment_reminder"),
            status=BookingStatus.PENDING,
            expires_at__gt=Clock(),
            expires_at__lt=Clock() + Value(LONGEST_BEFORE_PAYMENT),
            event__status=EventStatus.ACTIVE,
        )
        .alias(due_at=ExpressionWrapper(F("expires_at") - before, DateTimeField()))
        .filter(
            due_at__lte=ClockOnce(),
            expires_at__gte=F("created_at") + Value(SHORTEST_TIME_TO_PAY),
            total_amount__gt=0,
        )
        .select_related("event")
        .order_by("expires_at", "pk")
    )


def offers_ending() -> QuerySet[Promotion]:
    """Return the offers of whose time a third is left, and that were not reminded of."""
    first_end = Coalesce("first_expires_at", "expires_at")
    window = ExpressionWrapper(first_end - F("promoted_at"), DurationField())
    return (
        Promotion.objects.filter(
            ~_told("offer_ending"),
            status=PromotionStatus.PENDING,
            expires_at__gt=Clock(),
            expires_at__lt=Clock() + Value(LONGEST_OFFER / 3),
            event__status=EventStatus.ACTIVE,
        )
        .alias(ending_from=ExpressionWrapper(F("expires_at") - window / 3, DateTimeField()))
        .filter(ending_from__lte=ClockOnce())
        .select_related("event")
        .order_by("expires_at", "pk")
    )


def events_of(rows: QuerySet[Booking] | QuerySet[Promotion]) -> list[UUID]:
    """Return the events of bookings or offers, those first that end first."""
    return list(dict.fromkeys(rows.values_list("event_id", flat=True)))


def _told(kind: str) -> Exists:
    key = Concat(Value(f"{kind}:"), Cast(OuterRef("pk"), TextField()))
    return Exists(MessageKey.objects.filter(user_id=OuterRef("user_id"), key=key))
