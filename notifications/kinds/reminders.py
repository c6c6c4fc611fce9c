"""Reminders: of an event, of an open payment, and of an offer that is about to end."""

from datetime import datetime, timedelta
from uuid import UUID

from bookings.calendar import calendar_files
from bookings.models import Booking, TicketTransfer
from evently.accounts.models import User
from evently.formatting import moment, moment_for, money, seats, span
from evently.links import link_to
from events.models import Event
from notifications.emails.email_content import (
    EmailContent,
    EmailObsolete,
    call_to_action,
    text_and_links,
    with_links,
)
from notifications.kinds import bookings as booking_kinds
from notifications.kinds import common, holdings
from notifications.kinds.base import (
    Category,
    Kind,
    Message,
    Need,
    Urgency,
    link_to_event,
    link_to_row,
)
from notifications.kinds.rows import rows_of
from notifications.models import Notification, TemplateType
from waitlists.models import Promotion

START = "start"


# ── The event is coming up ─────────────────────────────────────────────
def reminder(event: Event, user_id: UUID) -> Message:
    """Remind an attendee of an event: once for each start, however often it moves."""
    return REMINDER.message(
        user_id=user_id,
        key=f"reminder:{event.pk}:{event.event_date.isoformat()}",
        text=(
            f"{event.name} is coming up: {span(event.event_date, event.ends_at, event.zone)}, "
            f"{event.venue}."
        ),
        event_id=event.pk,
        data={START: event.event_date.isoformat()},
    )


def _write_reminder(notification: Notification, user: User) -> EmailContent:
    event, rows = common.event_of(notification), rows_of(notification)
    told = datetime.fromisoformat(notification.data[START])
    if not event.is_active or event.has_started(at=rows.now) or event.event_date != told:
        # Cancelled, begun, or moved while the email waited; a move has an email of its own.
        raise EmailObsolete
    theirs = holdings.holdings_of(notification)
    confirmed = [booking for booking in theirs.bookings if booking.is_confirmed]
    if confirmed:
        text, button = holdings.all_text(theirs), holdings.button_of(theirs)
    else:
        text = "You have a ticket that was handed over to you."
        button = {"button_text": "Show my ticket", "button_url": _ticket_url(event, user)}
    return EmailContent(
        values={
            **common.event_values(event),
            "holdings": text_and_links(text, button.get("links", ())),
            "cancelNote": booking_kinds.cancel_note(event, at=rows.now) if confirmed else "",
            "buttonText": button["button_text"],
            "buttonUrl": button["button_url"],
        },
        calendars=calendar_files(confirmed),
    )


def _ticket_url(event: Event, user: User) -> str:
    """Return the link to a ticket that was handed over to a user. Raises EmailObsolete."""
    transfer = (
        TicketTransfer.objects.filter(
            event_id=event.pk, recipient_id=user.pk, new_ticket__cancelled_at__isnull=True
        )
        .order_by("pk")
        .first()
    )
    if transfer is None or transfer.new_ticket_id is None:
        raise EmailObsolete
    return link_to(
        "ticket_link",
        purpose="ticket",
        row_id=transfer.new_ticket_id,
        event_id=event.pk,
        version=user.links_version,
    )


REMINDER = Kind(
    name="reminder",
    label="Reminder of an event",
    category=Category.REMINDERS,
    icon="clock",
    link=link_to_event,
    template=TemplateType.REMINDER,
    write_email=_write_reminder,
)


# ── The payment is open ─────────────────────────────────────────────────────
def payment_reminder(booking: Booking) -> Message:
    """Remind of a payment before the booking is cancelled without it; its event is loaded."""
    event = booking.event
    return PAYMENT_REMINDER.message(
        user_id=booking.user_id,
        key=f"payment_reminder:{booking.pk}",
        text=(
            f"Your booking of {seats(booking.quantity)} for {event.name} "
            f"({booking.booking_reference}) is not paid yet. Please pay "
            f"{money(booking.total_amount, event.currency)} by "
            f"{moment(booking.expires_at, event.zone)}: otherwise, the booking is cancelled."
        ),
        event_id=event.pk,
        data={"booking": booking.pk, "reference": booking.booking_reference},
    )


def _write_payment_reminder(notification: Notification, user: User) -> EmailContent:
    rows = rows_of(notification)
    booking = booking_kinds.booking_of(notification)
    if not booking.is_pending or booking.expires_at is None or booking.expires_at <= rows.now:
        # Paid, or cancelled, while the email waited.
        raise EmailObsolete
    event = booking.event
    return EmailContent(
        values={
            **common.event_values(event),
            "quantity": seats(booking.quantity),
            "bookingReference": booking.booking_reference,
            "totalAmount": money(booking.total_amount, event.currency),
            "payUntil": moment(booking.expires_at, event.zone),
            "paymentNote": with_links(event.payment_instructions),
            "bookingUrl": common.booking_url(booking),
        }
    )


PAYMENT_REMINDER = Kind(
    name="payment_reminder",
    label="Payment due",
    category=Category.BOOKINGS,
    urgency=Urgency.URGENT,
    need=Need.TICKET,
    icon="clock",
    link=link_to_row("booking_detail", "booking", "Show my booking"),
    template=TemplateType.PAYMENT_REMINDER,
    write_email=_write_payment_reminder,
)


# ── An offer is about to end ────────────────────────────────────────────────
def is_ending(offer: Promotion, *, at: datetime) -> bool:
    """Return whether an offer can still be accepted, and at most a third of its time is left."""
    return offer.is_open(at=at) and at >= ending_from(offer)


def ending_from(offer: Promotion) -> datetime:
    """Return from when on a third of an offer's time is left: of that before its end was moved."""
    window: timedelta = (offer.first_expires_at or offer.expires_at) - offer.promoted_at
    return offer.expires_at - window / 3


def offer_ending(event: Event, offer: Promotion) -> Message:
    """Remind of an offer, once."""
    return OFFER_ENDING.message(
        user_id=offer.user_id,
        key=f"offer_ending:{offer.pk}",
        text=(
            f"Your offer of {seats(offer.quantity)} for {event.name} ends on "
            f"{moment(offer.expires_at, event.zone)}. Claim or decline before that."
        ),
        event_id=event.pk,
        data={"promotion": offer.pk, "entry": offer.waitlist_id},
    )


def _write_offer_ending(notification: Notification, user: User) -> EmailContent:
    rows = rows_of(notification)
    offer = rows.offer(
        common.event_id_of(notification),
        notification.data.get("promotion"),
        user_id=notification.user_id,
    )
    if offer is None or not is_ending(offer, at=rows.now):
        # Taken, ended, or moved while the email waited.
        raise EmailObsolete
    event = offer.event
    until = moment_for(offer.expires_at, event.zone, offer.waitlist.own_zone)
    return call_to_action(
        heading=f"Your offer for {event.name} is about to end",
        text=(
            f"{seats(offer.quantity)} {'is' if offer.quantity == 1 else 'are'} held for you until "
            f"{until}. If you want {'it' if offer.quantity == 1 else 'them'}, claim before that; "
            "if not, please decline: the seats are then free for others. The link works without a "
            "password, so do not forward this email."
        ),
        button_text="Claim or decline",
        button_url=link_to(
            "promotion_link",
            purpose="promotion",
            row_id=offer.pk,
            event_id=event.pk,
            version=user.links_version,
        ),
    )


OFFER_ENDING = Kind(
    name="offer_ending",
    label="Offer about to end",
    category=Category.OFFERS,
    urgency=Urgency.URGENT,
    bears_head=True,
    icon="hourglass",
    link=link_to_row("promotion", "promotion", "Claim or decline"),
    write_email=_write_offer_ending,
)
