"""The bookings app's sections of a user's data export."""

from typing import Any
from uuid import UUID

from bookings.models import (
    ArchivedBooking,
    AttendanceCheck,
    Booking,
    BookingAttempt,
    TicketTransfer,
)
from evently.accounts.export import section

BOOKING_COLUMNS = (
    "id",
    "event_id",
    "event__name",
    "booking_reference",
    "status",
    "quantity",
    "unit_price",
    "total_amount",
    "created_at",
    "cancelled_at",
    "cancelled_by",
    "cancel_reason",
)
TRANSFER_COLUMNS = (
    "id",
    "event_id",
    "booking_id",
    "recipient_name",
    "recipient_email",
    "status",
    "created_at",
    "ended_at",
)
RECEIVED_COLUMNS = ("id", "event_id", "recipient_name", "recipient_email", "status", "created_at")
CHECK_COLUMNS = (
    "id",
    "event_id",
    "booking_id",
    "event_date",
    "seats",
    "asked_at",
    "asked_again_at",
    "coming",
    "answered_at",
)
ATTEMPT_COLUMNS = (
    "id",
    "event_id",
    "quantity",
    "result",
    "failure_reason",
    "attempted_at",
    "ip_address",
    "user_agent",
)


@section("bookings", of=Booking, columns=BOOKING_COLUMNS)
def bookings(user_id: UUID) -> list[Any]:
    """Return a user's bookings, archived ones first."""
    archived = ArchivedBooking.objects.filter(user_id=user_id).order_by("id")
    current = Booking.objects.filter(user_id=user_id).order_by("id")
    return [*archived.values(*BOOKING_COLUMNS), *current.values(*BOOKING_COLUMNS)]


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
