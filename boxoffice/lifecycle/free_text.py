"""Where people write texts about another person: what is shown, exported and erased.

Each column is listed here once. The admin shows them on the person's page, an erasure replaces
them, in the audit trail too (`evently_forget_in_trail`), and a test compares the list with the
database.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from bookings.models import ArchivedBooking, Booking, Canceller, TicketTransfer
from bookings.operations.attendance import NO_ANSWER
from bookings.presenters.cancellation import OF_ACCOUNT, OF_EVENT, OF_EXPIRY
from evently.accounts.models import ApiToken
from evently.admin.tabs import event_page_url
from events.models import Event
from notifications.event_email_models import EventEmail
from waitlists.models import Promotion, WaitlistEntry

# In place of a text that must not be empty.
ERASED = "(erased)"
# Reasons of cancellations that Evently gives, which say nothing about a person.
OWN_REASONS = frozenset({"", OF_ACCOUNT, OF_EVENT, OF_EXPIRY, NO_ANSWER, ERASED, *Canceller.values})


@dataclass(frozen=True)
class FreeText:
    """One column. rows: those of a person that have a text; erased: what becomes of it.

    link: the admin's page of a row.
    """

    label: str
    table: str
    column: str
    erased: str
    rows: "Callable[[UUID], QuerySet[Any]]"
    link: Callable[[Any], str]
    read: Callable[[Any], str]


@dataclass(frozen=True)
class FoundText:
    """A text about a person, as the admin shows it."""

    label: str
    text: str
    url: str
    erased: str


def cancellations(user_id: UUID, rows: Any = Booking) -> QuerySet[Any]:
    """Return a person's bookings whose cancellation an organizer gave a reason for."""
    found: QuerySet[Any] = (
        rows.objects.filter(user_id=user_id)
        .exclude(cancel_reason__in=OWN_REASONS)
        .filter(
            Q(cancelled_by__in=(Canceller.ORGANIZER, Canceller.ATTENDEE))
            | Q(cancelled_by__isnull=True) & ~Q(cancel_reason=F("event__cancel_reason"))
        )
    )
    return found


def _prioritized(user_id: UUID) -> QuerySet[Any]:
    return WaitlistEntry.objects.filter(user_id=user_id).exclude(priority_reason__in=("", ERASED))


def _offered(user_id: UUID) -> QuerySet[Any]:
    return Promotion.objects.filter(user_id=user_id).exclude(organizer_reason__in=("", ERASED))


def _handed(user_id: UUID) -> QuerySet[Any]:
    handed = TicketTransfer.objects.filter(recipient_id=user_id, recipient_name__isnull=False)
    return handed.select_related("user__person_key")


def _contacts(user_id: UUID) -> QuerySet[Any]:
    return Event.objects.filter(created_by_id=user_id).exclude(contact_email="")


def _replies(user_id: UUID) -> QuerySet[Any]:
    return EventEmail.objects.filter(organizer_id=user_id).exclude(reply_to="")


def _admin(model: str) -> Callable[[Any], str]:
    return lambda row: reverse(f"admin:{model}_change", args=[row.pk])


REPLACED = f"replaced by “{ERASED}”"
REMOVED = "removed"
FREE_TEXTS = (
    FreeText(
        label="Reason of a cancellation",
        table="bookings",
        column="cancel_reason",
        erased=REPLACED,
        rows=cancellations,
        link=_admin("bookings_booking"),
        read=lambda row: row.cancel_reason,
    ),
    FreeText(
        label="Reason of an archived cancellation",
        table="bookings_archive",
        column="cancel_reason",
        erased=REPLACED,
        rows=lambda user_id: cancellations(user_id, ArchivedBooking),
        link=lambda row: "",
        read=lambda row: row.cancel_reason,
    ),
    FreeText(
        label="Reason for a priority",
        table="waitlists",
        column="priority_reason",
        erased=REPLACED,
        rows=_prioritized,
        link=_admin("waitlists_waitlistentry"),
        read=lambda row: row.priority_reason,
    ),
    FreeText(
        label="Reason for an offer",
        table="waitlist_promotions",
        column="organizer_reason",
        erased=REPLACED,
        rows=_offered,
        link=lambda row: event_page_url("waitlist", row.event_id),
        read=lambda row: row.organizer_reason,
    ),
    FreeText(
        label="Name and address entered for a ticket handed over",
        table="ticket_transfers",
        column="recipient_name",
        erased=REMOVED,
        rows=_handed,
        link=lambda row: reverse("admin:bookings_booking_change", args=[row.booking_id]),
        read=lambda row: f"{row.name}, {row.email}",
    ),
    FreeText(
        label="Name of an API token",
        table="api_tokens",
        column="name",
        erased="deleted with the token",
        rows=lambda user_id: ApiToken.objects.filter(user_id=user_id),
        link=_admin("accounts_apitoken"),
        read=lambda row: row.name,
    ),
    FreeText(
        label="Contact address of an event",
        table="events",
        column="contact_email",
        erased=REMOVED,
        rows=_contacts,
        link=_admin("events_event"),
        read=lambda row: row.contact_email,
    ),
    FreeText(
        label="Address for replies to an event’s emails",
        table="event_emails",
        column="reply_to",
        erased=REMOVED,
        rows=_replies,
        link=lambda row: event_page_url("email_texts", row.event_id),
        read=lambda row: row.reply_to,
    ),
)


def texts_about(user_id: UUID, *, most: int = 50) -> Iterator[FoundText]:
    """Yield texts about a person, of each column at most so many."""
    for free in FREE_TEXTS:
        for row in free.rows(user_id).order_by("-pk")[:most]:
            yield FoundText(free.label, free.read(row), free.link(row), free.erased)
