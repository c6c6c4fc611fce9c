"""Notifications about tickets that are handed over."""

from collections.abc import Sequence
from uuid import UUID

from bookings.models import TicketTransfer
from bookings.operations import Canceller
from evently.accounts.models import User
from evently.formatting import counted, span
from evently.links import link_to
from events.models import Event
from notifications.emails.email_content import (
    EmailContent,
    EmailObsolete,
    TextLink,
    call_to_action,
)
from notifications.kinds import common
from notifications.kinds.base import (
    EMAIL_ONLY,
    Category,
    Kind,
    Message,
    Need,
    Urgency,
    link_to_event,
    link_to_row,
)
from notifications.models import Notification


# ── To the recipient: a ticket is offered ───────────────────────────────────
def ticket_offered(event: Event, transfers: Sequence[TicketTransfer]) -> Message:
    """Send the links of tickets that are handed over to the address that their owner entered."""
    return TICKET_OFFERED.message(
        user_id=transfers[0].user_id,
        key=f"ticket_offered:{transfers[0].pk}",
        text=f"You hand over {counted(len(transfers), 'ticket')} for {event.name}.",
        event_id=event.pk,
        data={"transfers": [transfer.pk for transfer in transfers]},
    )


def _write_ticket_offered(notification: Notification, user: User) -> EmailContent:
    event, transfers = common.event_of(notification), _open_transfers(notification)
    links = [
        TextLink(f"Ticket {number} of {len(transfers)}", _transfer_url(transfer))
        for number, transfer in enumerate(transfers, start=1)
    ]
    what = "a ticket" if len(transfers) == 1 else f"{len(transfers)} tickets"
    content = call_to_action(
        heading=f"{user.display_name} hands you {what}",
        text=f"{what.capitalize()} for {event.name}, "
        f"{span(event.event_date, event.ends_at, event.zone)}, {event.venue}. Open the link to "
        f"accept {'it' if len(transfers) == 1 else 'them, one by one'}: you then get a QR code of "
        "your own. If you do not want it, you need not do anything. The link works without a "
        "password, so do not forward this email.",
        button_text="Show the ticket",
        button_url=links[0].url,
        links=links if len(links) > 1 else (),
    )
    content.values["userName"] = transfers[0].name
    return content


def _open_transfers(notification: Notification) -> list[TicketTransfer]:
    """Return those that can still be accepted. Raises EmailObsolete where none can."""
    transfers = TicketTransfer.objects.filter(
        event_id=common.event_id_of(notification),
        pk__in=notification.data.get("transfers", []),
        status="open",
        ticket__cancelled_at__isnull=True,
    )
    found = list(transfers.select_related("user__person_key").order_by("id"))
    if not found:
        raise EmailObsolete
    return found


def _recipient(notification: Notification, user: User) -> str:
    address = _open_transfers(notification)[0].email
    if not address:
        raise EmailObsolete
    return address


TICKET_OFFERED = Kind(
    name="ticket_offered",
    label="A ticket is handed over to you",
    # The recipient's email, which its owner cannot turn off.
    category=Category.ACCOUNT,
    urgency=Urgency.SOON,
    channels=EMAIL_ONLY,
    write_email=_write_ticket_offered,
    recipient=_recipient,
)


# ── To the owner: it was accepted ───────────────────────────────────────────
def ticket_accepted(event: Event, transfer: TicketTransfer) -> Message:
    return TICKET_ACCEPTED.message(
        user_id=transfer.user_id,
        key=f"ticket_accepted:{transfer.pk}",
        # Names are sealed, so they are not stored here.
        text=f"A ticket for {event.name} that you handed over was accepted. Your QR code of it is "
        "no longer valid.",
        event_id=event.pk,
        data={"booking": transfer.booking_id, "transfer": transfer.pk},
    )


def _write_ticket_accepted(notification: Notification, user: User) -> EmailContent:
    transfer = _transfer_of(notification)
    name = f" by {transfer.name}" if transfer.name else ""
    return call_to_action(
        heading=f"Your ticket was accepted{name}",
        text=notification.message,
        button_text="Show my booking",
        button_url=common.booking_url(transfer.booking),
    )


TICKET_ACCEPTED = Kind(
    name="ticket_accepted",
    label="A ticket that you handed over was accepted",
    category=Category.BOOKINGS,
    urgency=Urgency.SOON,
    icon="ticket",
    link=link_to_row("booking_detail", "booking", "Show my booking"),
    write_email=_write_ticket_accepted,
)


# ── To the recipient: it is theirs ──────────────────────────────────────────
def ticket_received(event: Event, transfer: TicketTransfer) -> Message:
    """Send the link to a ticket to the person who has accepted it."""
    when = span(event.event_date, event.ends_at, event.zone)
    return TICKET_RECEIVED.message(
        user_id=_recipient_id(transfer),
        key=f"ticket_received:{transfer.pk}",
        text=f"You have accepted a ticket for {event.name}, {when}. Show its QR code at the "
        "entrance.",
        event_id=event.pk,
        data={"transfer": transfer.pk},
    )


def _write_ticket_received(notification: Notification, user: User) -> EmailContent:
    transfer = _transfer_of(notification)
    ticket = transfer.new_ticket
    if ticket is None or ticket.is_cancelled:
        raise EmailObsolete
    return call_to_action(
        heading=f"Your ticket for {common.event_of(notification).name}",
        text=f"{notification.message} The link works without a password, so do not forward this "
        "email.",
        button_text="Show my ticket",
        button_url=link_to(
            "ticket_link",
            purpose="ticket",
            row_id=ticket.pk,
            event_id=ticket.event_id,
            version=user.links_version,
        ),
    )


TICKET_RECEIVED = Kind(
    name="ticket_received",
    label="You have accepted a ticket",
    category=Category.BOOKINGS,
    urgency=Urgency.SOON,
    need=Need.TICKET,
    icon="ticket",
    link=link_to_event,
    write_email=_write_ticket_received,
)


# ── To the recipient: it is no longer valid ─────────────────────────────────
def ticket_void(event: Event, transfer: TicketTransfer, *, by: Canceller) -> Message:
    """Notify the holder of a ticket whose booking is cancelled. by: who cancelled it."""
    why = {
        Canceller.ATTENDEE: "The person who gave it to you has cancelled the booking.",
        Canceller.ORGANIZER: "The organizer has cancelled the booking that it belongs to.",
        Canceller.EVENT: "The event is cancelled.",
        Canceller.EXPIRY: "The booking that it belongs to was not paid in time.",
        Canceller.UNANSWERED: "The person who gave it to you was asked twice whether they are "
        "still coming, and has not answered, so the booking is cancelled.",
    }[by]
    return TICKET_VOID.message(
        user_id=_recipient_id(transfer),
        key=f"ticket_void:{transfer.pk}",
        text=f"Your ticket for {event.name} is no longer valid. {why}",
        event_id=event.pk,
        data={"transfer": transfer.pk},
    )


def _write_ticket_void(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    return call_to_action(
        heading=f"Your ticket for {event.name} is no longer valid",
        text=notification.message,
        button_text="Show the event",
        button_url=common.event_url(event),
    )


TICKET_VOID = Kind(
    name="ticket_void",
    label="A ticket handed over to you is no longer valid",
    category=Category.EVENT_CHANGES,
    urgency=Urgency.SOON,
    need=Need.TICKET,
    icon="undo-2",
    link=link_to_event,
    write_email=_write_ticket_void,
)


# ── Shared ──────────────────────────────────────────────────────────────────
def _recipient_id(transfer: TicketTransfer) -> UUID:
    if transfer.recipient_id is None:
        raise ValueError("the ticket was not accepted")
    return transfer.recipient_id


def _transfer_of(notification: Notification) -> TicketTransfer:
    """Return the accepted transfer that a message is about. Raises EmailObsolete."""
    transfer = (
        TicketTransfer.objects.select_related(
            "user__person_key", "booking__user", "new_ticket", "recipient"
        )
        .filter(event_id=common.event_id_of(notification), pk=notification.data.get("transfer"))
        .first()
    )
    if transfer is None:
        raise EmailObsolete
    return transfer


def _transfer_url(transfer: TicketTransfer) -> str:
    return link_to(
        "transfer_link", purpose="transfer", row_id=transfer.pk, event_id=transfer.event_id
    )
