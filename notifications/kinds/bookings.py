"""Notifications about bookings."""

from dataclasses import replace
from datetime import datetime

from bookings.calendar import calendar_files
from bookings.models import Booking
from bookings.operations import Canceller
from bookings.presenters import refund_note
from bookings.presenters.attendance import announcement_text
from evently.accounts.models import User
from evently.formatting import as_sentence, moment, money, seats, span
from events.models import Event, PaymentMode
from notifications.emails.email_content import EmailContent, EmailObsolete, with_links
from notifications.emails.tickets import render_tickets
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
from notifications.models import MessageKey, Notification, NotificationStatus, TemplateType
from waitlists.outcomes import kept_place_note


# ── Booking confirmed ───────────────────────────────────────────────────────
def booking_confirmed(booking: Booking, *, note: str = "") -> Message:
    """Confirm a booking; its event is loaded. note: what else to say."""
    event = booking.event
    booked = (
        f"You have booked {seats(booking.quantity)} for {event.name}, "
        f"{span(event.event_date, event.ends_at, event.zone)}. "
        f"Your reference is {booking.booking_reference}."
    )
    return BOOKING_CONFIRM.message(
        user_id=booking.user_id,
        key=f"booking_confirm:{booking.pk}",
        text=" ".join(filter(None, [booked, note])),
        event_id=booking.event_id,
        data={"booking": booking.pk, "reference": booking.booking_reference},
    )


def _write_booking_confirm(notification: Notification, user: User) -> EmailContent:
    booking = booking_of(notification)
    if booking.is_cancelled:
        # Cancelled while the email waited; the cancellation has an email of its own.
        raise EmailObsolete
    rows = rows_of(notification)
    tickets, images = render_tickets(rows.tickets(booking))
    others = holdings.holdings_of(notification).without(booking)
    place = kept_place_note(rows.claimed(booking))
    if place:
        others = replace(others, entry=None)
    notes = [
        payment_note(booking),
        holdings.booked_in_all(booking, others),
        place,
        announcement_text(booking, at=rows.now),
    ]
    return EmailContent(
        values={
            **common.event_values(booking.event),
            "quantity": seats(booking.quantity),
            "bookingReference": booking.booking_reference,
            "totalAmount": price_of(booking),
            "paymentNote": with_links(" ".join(filter(None, notes))),
            "cancelNote": cancel_note(booking.event, at=rows.now),
            "ticketUrl": common.booking_url(booking),
            "ticketNote": (
                "Show this code on your phone or on paper; it admits one person."
                if len(images) == 1
                else "Show these codes on your phone or on paper; each admits one person."
            ),
            "tickets": tickets,
        },
        images=images,
        calendars=calendar_files([booking]),
    )


BOOKING_CONFIRM = Kind(
    name="booking_confirm",
    label="Booking confirmed",
    category=Category.BOOKINGS,
    on_request=True,
    urgency=Urgency.SOON,
    need=Need.TICKET,
    icon="ticket",
    link=link_to_row("booking_detail", "booking", "Show my tickets"),
    template=TemplateType.BOOKING_CONFIRM,
    write_email=_write_booking_confirm,
)


# ── Booking cancelled ───────────────────────────────────────────────────────
def booking_cancelled(event: Event, booking: Booking, *, by: Canceller, reason: str) -> Message:
    """Notify of a cancelled booking, by whom and why; the email repeats this text.

    by: not Canceller.EVENT, of which users are notified once (`events.event_cancelled`), nor
    Canceller.UNANSWERED (`attendance.attendance_returned`).
    """
    what = f"{seats(booking.quantity)} for {event.name} ({booking.booking_reference})"
    text = {
        Canceller.ATTENDEE: f"You have cancelled {what}.",
        Canceller.ORGANIZER: f"The organizer has cancelled {what}.",
        Canceller.EXPIRY: f"Your booking of {what} was not paid in time and is cancelled.",
    }[by]
    if by is Canceller.ORGANIZER and reason:
        text += f" Their reason: {as_sentence(reason)}"
    return CANCELLATION.message(
        user_id=booking.user_id,
        key=f"cancellation:{booking.pk}",
        text=text,
        event_id=event.pk,
        data={
            "booking": booking.pk,
            "reference": booking.booking_reference,
            "by": by.value,
        },
    )


def _write_cancellation(notification: Notification, user: User) -> EmailContent:
    booking = booking_of(notification)
    text = notification.message
    kept = holdings.holdings_of(notification).without(booking)
    return EmailContent(
        values={
            **common.event_values(booking.event),
            "quantity": seats(booking.quantity),
            "bookingReference": booking.booking_reference,
            # Templates have it after "Hello {userName}, ".
            "cancelText": with_links(text[:1].lower() + text[1:]),
            "refundNote": with_links(
                " ".join(filter(None, [refund_note([booking]), holdings.kept_text(kept)]))
            ),
        },
        calendars=calendar_files([booking]),
    )


def _is_cancelled_unseen(notification: Notification) -> bool:
    """Return whether attendees cancelled a booking themselves that no email had confirmed."""
    if notification.data.get("by") != Canceller.ATTENDEE:
        return False
    confirmed_by = MessageKey.objects.filter(
        user_id=notification.user_id, key=f"booking_confirm:{notification.data.get('booking')}"
    )
    return not Notification.objects.filter(
        user_id=notification.user_id,
        pk__in=confirmed_by.values("notification_id"),
        status=NotificationStatus.SENT,
    ).exists()


CANCELLATION = Kind(
    name="cancellation",
    label="Booking cancelled",
    category=Category.BOOKINGS,
    urgency=Urgency.SOON,
    need=Need.LAW,
    icon="undo-2",
    link=link_to_event,
    template=TemplateType.CANCELLATION,
    write_email=_write_cancellation,
    is_superseded=_is_cancelled_unseen,
)


# ── Shared ──────────────────────────────────────────────────────────────────
def booking_of(notification: Notification) -> Booking:
    """Return the booking that a message is about, with its event. Raises EmailObsolete."""
    booking = rows_of(notification).booking(
        common.event_id_of(notification),
        notification.data.get("booking"),
        user_id=notification.user_id,
    )
    if booking is None:
        raise EmailObsolete
    return booking


def price_of(booking: Booking) -> str:
    if booking.total_amount == 0:
        return "Free of charge"
    return money(booking.total_amount, booking.event.currency)


def payment_note(booking: Booking) -> str:
    if booking.total_amount == 0:
        return "There is nothing to pay."
    amount = money(booking.total_amount, booking.event.currency)
    if booking.event.payment_mode == PaymentMode.DOOR:
        return f"{amount} due at the entrance."
    return f"Your payment of {amount} has been received."


def cancel_note(event: Event, *, at: datetime) -> str:
    if event.cancellable_until <= at:
        return (
            "The deadline for cancelling has passed. Please contact the organizer if you cannot "
            "come."
        )
    until = moment(event.cancellable_until, event.zone)
    return (
        f"If you cannot come, use the same link to cancel until {until}, so that others can attend."
    )
