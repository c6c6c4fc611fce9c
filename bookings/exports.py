"""The bookings app's sections of a user's data export."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from bookings import archived_exports
from bookings.export_columns import (
    ATTEMPT_COLUMNS,
    BOOKING_COLUMNS,
    CHECK_COLUMNS,
    CHECK_IN_COLUMNS,
    PAYMENT_COLUMNS,
    RECEIVED_COLUMNS,
    RECORDED_COLUMNS,
    TICKET_COLUMNS,
    TRANSFER_COLUMNS,
)
from bookings.models import (
    ArchivedBooking,
    AttendanceCheck,
    Booking,
    BookingAttempt,
    Payment,
    Ticket,
    TicketTransfer,
)
from evently.accounts.export import Rows, cold_rows, more_rows, section


@section("bookings", of=Booking, columns=BOOKING_COLUMNS)
def bookings(user_id: UUID) -> list[Any]:
    """Return a user's bookings; those that were archived are added below."""
    return list(Booking.objects.filter(user_id=user_id).order_by("id").values(*BOOKING_COLUMNS))


@section("tickets", of=Ticket, columns=TICKET_COLUMNS)
def tickets(user_id: UUID) -> list[Any]:
    """Return the tickets of a user's bookings, and those that bear the user's name.

    Without their secrets, which let in whoever shows them, and without the names of others.
    """
    booked = Booking.objects.filter(user_id=user_id).values("pk")
    own = Ticket.objects.filter(Q(holder_id=user_id) | Q(booking_id__in=booked)).order_by("id")
    return [
        {column: getattr(ticket, column) for column in TICKET_COLUMNS}
        | {"holder_name": ticket.name if ticket.holder_id == user_id else ""}
        for ticket in own.select_related("holder__person_key")
    ]


@section("check_ins", of=Ticket, columns=CHECK_IN_COLUMNS)
def check_ins(user_id: UUID) -> list[Any]:
    """Return the tickets that a user has checked in at the door."""
    checked = Ticket.objects.filter(checked_in_by_id=user_id).order_by("id")
    return list(checked.values(*CHECK_IN_COLUMNS))


@section("payments", of=Payment, columns=PAYMENT_COLUMNS)
def payments(user_id: UUID) -> list[Any]:
    """Return the payments and refunds of a user's bookings."""
    booked = Booking.objects.filter(user_id=user_id).values("pk")
    archived = ArchivedBooking.objects.filter(user_id=user_id).values("pk")
    own = Payment.objects.filter(Q(booking_id__in=booked) | Q(booking_id__in=archived))
    return list(own.order_by("id").values(*PAYMENT_COLUMNS))


@section("payments_recorded", of=Payment, columns=RECORDED_COLUMNS)
def payments_recorded(user_id: UUID) -> list[Any]:
    """Return the payments that a user has recorded for attendees."""
    recorded = Payment.objects.filter(recorded_by_id=user_id).order_by("id")
    return list(recorded.values(*RECORDED_COLUMNS))


@section("attendance_checks", of=AttendanceCheck, columns=CHECK_COLUMNS)
def attendance_checks(user_id: UUID) -> list[Any]:
    """Return what a user was asked about still coming, and has answered."""
    checks = AttendanceCheck.objects.filter(booking__user_id=user_id).order_by("id")
    return list(checks.values(*CHECK_COLUMNS))


@section("booking_attempts", of=BookingAttempt, columns=ATTEMPT_COLUMNS)
def booking_attempts(user_id: UUID) -> list[Any]:
    attempts = BookingAttempt.objects.filter(user_id=user_id).order_by("id")
    return list(attempts.values(*ATTEMPT_COLUMNS))


@section("ticket_transfers", of=TicketTransfer, columns=TRANSFER_COLUMNS)
def ticket_transfers(user_id: UUID) -> list[Any]:
    """Return the tickets that a user handed over, and to whom, as they entered it."""
    transfers = TicketTransfer.objects.filter(user_id=user_id).order_by("id")
    return [
        {column: getattr(transfer, column) for column in TRANSFER_COLUMNS}
        | {"recipient_name": transfer.name, "recipient_email": transfer.email}
        for transfer in transfers.select_related("user__person_key")
    ]


@section("tickets_received", of=TicketTransfer, columns=RECEIVED_COLUMNS)
def tickets_received(user_id: UUID) -> list[Any]:
    """Return the tickets that others handed to a user, with the name and address they entered."""
    transfers = TicketTransfer.objects.filter(recipient_id=user_id).order_by("id")
    return [
        {column: getattr(transfer, column) for column in RECEIVED_COLUMNS}
        | {"recipient_name": transfer.name, "recipient_email": transfer.email}
        for transfer in transfers.select_related("user__person_key")
    ]


@more_rows
def archived(user_id: UUID) -> Rows:
    """Return a user's archived bookings, with what belongs to them."""
    return archived_exports.in_archive(user_id)


@cold_rows("bookings_archive")
def cold(user_id: UUID, rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Return a user's bookings in cold storage, with what belongs to them."""
    return archived_exports.sections_of(user_id, rows)
