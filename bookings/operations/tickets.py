"""Tickets: sent again, and replaced by new ones."""

from uuid import UUID

from django.db import connection

from bookings import queries
from bookings.locks import lock_booking
from bookings.models import Booking, Ticket
from bookings.signals import tickets_requested
from evently.accounts.queries import user_by_id
from evently.database.functions import Clock
from evently.errors import Conflict
from evently.transactions import run_in_transaction
from events.locks import lock_event
from events.models import Event


class NoValidTickets(Conflict):
    code = "ticket_not_valid"
    message = "This booking has no valid tickets: it is cancelled, or not paid yet."


def send_tickets_again(*, event_id: UUID, booking_id: UUID, by_id: UUID | None) -> Booking:
    """Email the tickets of a booking to its attendee again. by_id: who asks for it.

    Raises BookingNotFound, NoValidTickets, EventBusy; what the receiver raises, where they were
    sent too often.
    """

    def work() -> Booking:
        booking = lock_booking(locked_event=lock_event(event_id), booking_id=booking_id)
        if not booking.is_confirmed:
            raise NoValidTickets
        tickets_requested.send(sender=Booking, booking=booking, by_id=by_id)
        return booking

    return run_in_transaction(work)


def replace_tickets(*, locked_event: Event, booking: Booking) -> None:
    """Cancel the tickets of a booking and make new ones, inside the caller's transaction.

    For tickets that were sent to a wrong address. Those that were checked in stay, and so do those
    that others have accepted.
    """
    tickets = queries.own_tickets(booking).filter(
        cancelled_at__isnull=True,
        checked_in_at__isnull=True,
    )
    holders = list(tickets.order_by("id").values_list("holder_name", "holder_id"))
    tickets.update(cancelled_at=Clock())
    for holder_name, holder_id in holders:
        insert_ticket(booking, holder_name, holder_id)


def name_tickets(*, booking: Booking) -> None:
    """Put the name of a booking's owner on its tickets for good, in the caller's transaction.

    Renaming the account does not change them: a claimed place must not be sold unseen.
    """
    owner = user_by_id(booking.user_id)
    key = owner.key if owner else None
    if owner and key and owner.name:
        Ticket.objects.filter(
            event_id=booking.event_id, booking_id=booking.pk, holder_name__isnull=True
        ).update(holder_name=key.seal("holder_name", owner.name), holder_id=owner.pk)


def insert_ticket(booking: Booking, holder_name: str | None, holder_id: UUID | None) -> UUID:
    """Insert a ticket, whose secret the database makes; return its id. holder_name: sealed."""
    ticket = Ticket(booking_id=booking.pk, event_id=booking.event_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tickets (id, booking_id, event_id, holder_name, holder_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            [ticket.pk, booking.pk, booking.event_id, holder_name, holder_id],
        )
    return ticket.pk
