"""What each mail says: the values of its template, made from rows at the time of sending.

Links with secrets are made here, so none is ever stored. Whatever a mail is about may be gone by
now; then it is obsolete.
"""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from bookings.calendar import calendar_for
from bookings.models import Booking
from evently.accounts.models import User
from evently.database.clock import now
from evently.formatting import moment, money, seats
from evently.links import absolute, link_to
from events.models import Event, PaymentMode
from notifications.emails import accounts
from notifications.emails.email_content import Content, Obsolete, with_button
from notifications.emails.placeholders import Value
from notifications.emails.tickets import drawn, living_tickets
from notifications.models import MessageType, Notification, TemplateType
from waitlists.models import Promotion, WaitlistEntry


def content_of(notification: Notification, person: User) -> Content:
    """Return what the mail of a message says.

    Raises Obsolete.
    """
    write = WRITERS.get(MessageType(notification.type), _plain)
    content = write(notification, person)
    content.values |= {
        "siteName": settings.SITE_NAME,
        "siteUrl": settings.PUBLIC_URL,
        "accountUrl": absolute(reverse("account")),
        "userName": person.display_name,
    }
    return content


def template_type_of(type_: str) -> TemplateType:
    """Return which of the six templates a message uses."""
    return TemplateType(type_) if type_ in TemplateType else TemplateType.NOTIFICATION


# ── Bookings ────────────────────────────────────────────────────────────────
def _booking_confirm(notification: Notification, person: User) -> Content:
    booking = _booking_of(notification)
    if booking.is_cancelled:
        # It was, while the mail waited; the cancellation is told in a mail of its own.
        raise Obsolete
    tickets, pictures = drawn(living_tickets(booking))
    return Content(
        values={
            **_event_values(booking.event),
            "quantity": seats(booking.quantity),
            "bookingReference": booking.booking_reference,
            "totalAmount": _price(booking),
            "paymentNote": _payment_note(booking),
            "cancelNote": _cancel_note(booking.event),
            "ticketUrl": _booking_url(booking),
            "ticketNote": (
                "Show this code on your phone or printed; it lets one person in."
                if len(pictures) == 1
                else "Show these codes on your phone or printed; each lets one person in."
            ),
            "tickets": tickets,
        },
        pictures=pictures,
        calendar=calendar_for(booking),
    )


def _cancellation(notification: Notification, person: User) -> Content:
    booking = _booking_of(notification)
    what = f"{seats(booking.quantity)} for {booking.event.name}"
    return Content(
        values={
            **_event_values(booking.event),
            "quantity": seats(booking.quantity),
            "bookingReference": booking.booking_reference,
            "cancelText": {
                "organizer": f"the organizer has cancelled your booking of {what}.",
                "expiry": f"your booking of {what} was not paid in time.",
            }.get(notification.data.get("by", ""), f"you have cancelled {what}."),
            "refundNote": _refund_note(booking),
        },
        calendar=calendar_for(booking),
    )


def _price(booking: Booking) -> str:
    if booking.total_amount == 0:
        return "Free of charge"
    return money(booking.total_amount, booking.event.currency)


def _payment_note(booking: Booking) -> str:
    if booking.total_amount == 0:
        return "There is nothing to pay."
    amount = money(booking.total_amount, booking.event.currency)
    if booking.event.payment_mode == PaymentMode.DOOR:
        return f"{amount} due at the entrance."
    return f"Your payment of {amount} is settled."


def _cancel_note(event: Event) -> str:
    if event.cancellable_until <= now():
        return "The deadline for cancelling has passed. Write to the organizer if you cannot come."
    until = moment(event.cancellable_until, event.zone)
    return (
        f"If you cannot come, cancel behind the same link until {until}, "
        "so that somebody in line can have your seats."
    )


def _refund_note(booking: Booking) -> str:
    if booking.total_amount == 0:
        return "It was free of charge, so there is nothing to settle."
    if booking.event.payment_mode == PaymentMode.DOOR:
        return "Nothing was due before the entrance, so there is nothing to settle."
    return booking.event.refund_policy or "The organizer will write to you about what you paid."


def _booking_url(booking: Booking) -> str:
    return link_to("booking_link", purpose="booking", row_id=booking.pk, event_id=booking.event_id)


def _booking_of(notification: Notification) -> Booking:
    """Return the booking that a message is about, with its event. Raises Obsolete."""
    booking = (
        Booking.objects.select_related("event")
        .filter(
            event_id=event_id_of(notification),
            pk=notification.data.get("booking"),
            user_id=notification.user_id,
        )
        .first()
    )
    if booking is None:
        raise Obsolete
    return booking


# ── The line ────────────────────────────────────────────────────────────────
def _waitlist_join(notification: Notification, person: User) -> Content:
    entry = (
        WaitlistEntry.objects.select_related("event")
        .filter(
            event_id=event_id_of(notification),
            pk=notification.data.get("entry"),
            user_id=notification.user_id,
        )
        .first()
    )
    if entry is None:
        raise Obsolete
    return Content(
        values={
            **_event_values(entry.event),
            "quantity": seats(entry.quantity),
            "position": str(entry.position) if entry.position else "no longer in line",
            "entryUrl": _entry_url(entry.pk, entry.event),
        }
    )


def _waitlist_promotion(notification: Notification, person: User) -> Content:
    offer = (
        Promotion.objects.select_related("event")
        .filter(
            event_id=event_id_of(notification),
            pk=notification.data.get("promotion"),
            user_id=notification.user_id,
        )
        .first()
    )
    if offer is None or not offer.is_open(at=now()):
        raise Obsolete
    event, total = offer.event, offer.unit_price * offer.quantity
    return Content(
        values={
            **_event_values(event),
            "quantity": seats(offer.quantity),
            "totalAmount": money(total, event.currency) if total else "Free of charge",
            "priceNote": (
                "This is the most you pay: if the price has fallen by then, you pay less."
                if total
                else "There is nothing to pay."
            ),
            "expiresAt": moment(offer.expires_at, event.zone),
            "claimUrl": link_to(
                "promotion_link", purpose="promotion", row_id=offer.pk, event_id=event.pk
            ),
            "entryUrl": _entry_url(offer.waitlist_id, event),
        }
    )


def _promotion_ended(notification: Notification, person: User) -> Content:
    event = _event_of(notification)
    return with_button(
        heading="The offer has ended",
        text=notification.message,
        button_text="Show the event",
        button_url=_event_url(event),
    )


def _waitlist_closed(notification: Notification, person: User) -> Content:
    return with_button(
        heading="The line is closed",
        text=notification.message,
        button_text="Find another event",
        button_url=settings.PUBLIC_URL,
    )


def _entry_url(entry_id: UUID, event: Event) -> str:
    return link_to("entry_link", purpose="entry", row_id=entry_id, event_id=event.pk)


# ── Events ──────────────────────────────────────────────────────────────────
def _event_cancelled(notification: Notification, person: User) -> Content:
    event = _event_of(notification)
    booking = _booking_at(event, person)
    note = f" {_refund_note(booking)}" if booking else ""
    content = with_button(
        heading=f"{event.name} is cancelled",
        text=notification.message + note,
        button_text="Show the event",
        button_url=_event_url(event),
    )
    content.calendar = calendar_for(booking) if booking else None
    return content


def _event_changed(notification: Notification, person: User) -> Content:
    event = _event_of(notification)
    booking = _booking_at(event, person)
    if booking is not None and booking.is_cancelled:
        booking = None
    content = with_button(
        heading=f"{event.name} has changed",
        text=notification.message,
        button_text="Show my booking" if booking else "Show the event",
        button_url=_booking_url(booking) if booking else _event_url(event),
    )
    content.calendar = calendar_for(booking) if booking else None
    return content


def _booking_at(event: Event, person: User) -> Booking | None:
    """Return the person's latest booking of an event."""
    booking = Booking.objects.filter(event_id=event.pk, user_id=person.pk).order_by("-id").first()
    if booking is not None:
        booking.event = event
    return booking


def _event_of(notification: Notification) -> Event:
    """Return the event that a message is about. Raises Obsolete."""
    event = Event.objects.filter(pk=event_id_of(notification)).first()
    if event is None:
        raise Obsolete
    return event


def event_id_of(notification: Notification) -> UUID:
    """Return which event a message is about. Raises Obsolete where it is about none."""
    if notification.event_id is None:
        raise Obsolete
    return notification.event_id


def _event_values(event: Event) -> dict[str, Value]:
    return {
        "eventName": event.name,
        "eventDate": moment(event.event_date, event.zone),
        "venue": event.venue,
        "eventUrl": _event_url(event),
    }


def _event_url(event: Event) -> str:
    return absolute(reverse("event_detail", args=[event.pk]))


# ── Everything else ─────────────────────────────────────────────────────────
def _plain(notification: Notification, person: User) -> Content:
    return with_button(
        heading=f"News from {settings.SITE_NAME}",
        text=notification.message,
        button_text="Show my notifications",
        button_url=absolute(reverse("inbox")),
    )


WRITERS: dict[MessageType, Callable[[Notification, User], Content]] = {
    MessageType.WELCOME: accounts.welcome,
    MessageType.VERIFY_ADDRESS: accounts.verify_address,
    MessageType.ACCOUNT_EXISTS: accounts.account_exists,
    MessageType.PASSWORD_RESET: accounts.password_reset,
    MessageType.LOGIN_LINK: accounts.login_link,
    MessageType.BOOKING_CONFIRM: _booking_confirm,
    MessageType.CANCELLATION: _cancellation,
    MessageType.WAITLIST_JOIN: _waitlist_join,
    MessageType.WAITLIST_PROMOTION: _waitlist_promotion,
    MessageType.PROMOTION_ENDED: _promotion_ended,
    MessageType.WAITLIST_CLOSED: _waitlist_closed,
    MessageType.EVENT_CANCELLED: _event_cancelled,
    MessageType.EVENT_CHANGED: _event_changed,
}
