"""Handing tickets over by email: offered by the owner of a booking, accepted by the recipient."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from bookings.locks import lock_booking
from bookings.models import Ticket
from bookings.operations.tickets import insert_ticket
from bookings.queries import TicketNotFound
from bookings.signals import tickets_handed_over, transfer_accepted
from bookings.transfer_models import TicketTransfer, TransferStatus
from evently.accounts.models import User
from evently.accounts.operations import find_or_create_guest
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.identity import as_worker
from evently.errors import Conflict, Invalid, NotFound
from evently.person_names import clean_name
from evently.privacy.addresses import clean_address, digest_of_mailbox
from evently.throttle import Limit, count
from evently.transactions import refusing, run_in_transaction
from events.locks import lock_event

# Emails that owners cause: more than honest ones need.
BY_OWNER = Limit("transfers_by_owner", most=30, window=timedelta(hours=1))
TO_MAILBOX = Limit("transfers_to_mailbox", most=10, window=timedelta(days=1))


class TransferNotFound(NotFound):
    message = "We could not find this ticket."


class TicketNotTransferable(Conflict):
    """The ticket is cancelled, used, not paid, or now belongs to another person."""

    code = "ticket_not_transferable"
    message = "This ticket cannot be handed over: it is not valid any more, or was used already."


class TransferOpen(Conflict):
    code = "transfer_open"
    message = "This ticket is being handed over already. Take it back first."


class TransferEnded(Conflict):
    """It was accepted or taken back."""

    code = "transfer_ended"
    message = "This ticket was accepted or taken back in the meantime."


class OwnTicket(Invalid):
    message = "This is your own email address. Enter that of the person who gets the ticket."


def hand_over(
    *, event_id: UUID, booking_id: UUID, ticket_ids: Sequence[UUID], name: str, email: str
) -> list[TicketTransfer]:
    """Offer tickets of a booking to the owner of an email address, who gets one email.

    The tickets stay valid, and the booking owner's, until they are accepted.
    Raises BookingNotFound, TicketNotFound, TicketNotTransferable, TransferOpen, OwnTicket,
    AddressInvalid, NameInvalid, TooManyAttempts, EventBusy.
    """
    email, name = clean_address(email), clean_name(name)

    def work() -> list[TicketTransfer]:
        event = lock_event(event_id)
        booking = lock_booking(locked_event=event, booking_id=booking_id)
        owner = User.objects.with_keys().get(pk=booking.user_id)
        if owner.email.casefold() == email.casefold():
            raise OwnTicket(fields={"email": OwnTicket.message})
        if event.is_cancelled or event.is_over(at=now()):
            raise TicketNotTransferable
        key = owner.key
        tickets = Ticket.objects.filter(event_id=event.pk, booking_id=booking.pk)
        chosen = list(tickets.filter(pk__in=ticket_ids).order_by("id"))
        if key is None or not chosen or len(chosen) < len(set(ticket_ids)):
            raise TicketNotFound
        transfers = [
            TicketTransfer(
                event=event,
                booking=booking,
                ticket=ticket,
                user=owner,
                recipient_name=key.seal("holder_name", name),
                recipient_email=key.seal("email", email),
            )
            for ticket in chosen
        ]
        with refusing(trg_transfer_ticket=TicketNotTransferable, unq_transfer_open=TransferOpen):
            for transfer in transfers:
                transfer.save(force_insert=True)
        tickets_handed_over.send(sender=TicketTransfer, event=event, transfers=transfers)
        return transfers

    count((BY_OWNER, str(booking_id)), (TO_MAILBOX, digest_of_mailbox(email)))
    return run_in_transaction(work)


def withdraw_transfer(*, event_id: UUID, booking_id: UUID, transfer_id: UUID) -> TicketTransfer:
    """Take back a ticket that was not accepted yet.

    Raises TransferNotFound, TransferEnded, EventBusy.
    """

    def work() -> TicketTransfer:
        lock_event(event_id)
        transfer = _transfer(event_id, transfer_id)
        if transfer.booking_id != booking_id:
            raise TransferNotFound
        if not transfer.is_open:
            raise TransferEnded
        transfer.status = TransferStatus.WITHDRAWN
        transfer.save(update_fields=["status"])
        return transfer

    return run_in_transaction(work)


@as_worker()
def accept_transfer(*, event_id: UUID, transfer_id: UUID) -> TicketTransfer:
    """Accept a ticket, by the link in the recipient's email: it becomes theirs, with a new secret.

    An account of the address is found or created, so that the recipient can have it erased.
    Raises TransferNotFound, TransferEnded, TicketNotTransferable, AccountInactive,
    TooManyAttempts, EventBusy.
    """
    offered = _transfer(event_id, transfer_id)
    if not offered.is_open or not offered.email:
        raise TransferEnded
    recipient_id = find_or_create_guest(email=offered.email, name=offered.name).pk

    def work() -> TicketTransfer:
        event = lock_event(event_id)
        booking = lock_booking(locked_event=event, booking_id=offered.booking_id)
        transfer = _transfer(event_id, transfer_id)
        if not transfer.is_open:
            raise TransferEnded
        recipient = User.objects.with_keys().get(pk=recipient_id)
        valid = Ticket.objects.filter(
            event_id=event_id,
            pk=transfer.ticket_id,
            cancelled_at__isnull=True,
            checked_in_at__isnull=True,
        )
        over = event.is_cancelled or event.is_over(at=now())
        if recipient.key is None or over or not booking.is_confirmed or not valid.exists():
            raise TicketNotTransferable
        valid.update(cancelled_at=Clock())
        transfer.new_ticket_id = insert_ticket(
            booking, recipient.key.seal("holder_name", transfer.name), recipient.pk
        )
        transfer.recipient = recipient
        transfer.status = TransferStatus.ACCEPTED
        transfer.save(update_fields=["status", "recipient", "new_ticket"])
        transfer.event, transfer.booking = event, booking
        transfer_accepted.send(sender=TicketTransfer, event=event, transfer=transfer)
        return transfer

    return run_in_transaction(work)


def _transfer(event_id: UUID, transfer_id: UUID) -> TicketTransfer:
    transfers = TicketTransfer.objects.select_related("user__person_key")
    transfer = transfers.filter(event_id=event_id, pk=transfer_id).first()
    if transfer is None:
        raise TransferNotFound
    return transfer
