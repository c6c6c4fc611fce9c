"""Bookings, tickets and payments in the history."""

from collections.abc import Collection, Mapping
from uuid import UUID

from bookings.models import AttendanceCheck, Booking, Payment, Ticket, TicketTransfer
from evently.audit.described import Described, Subject, describe, describe_tasks


def bookings(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    archived_too = Booking.objects.with_archived()
    rows = archived_too.filter(pk__in=ids).values_list("pk", "user_id", "booking_reference")
    return {pk: Subject(f"booking {reference}", user_id) for pk, user_id, reference in rows}


def tickets(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = Ticket.objects.filter(pk__in=ids).values_list(
        "pk", "booking__user_id", "booking__booking_reference"
    )
    return {pk: Subject(f"ticket of {reference}", user_id) for pk, user_id, reference in rows}


def transfers(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = TicketTransfer.objects.filter(pk__in=ids).values_list(
        "pk", "user_id", "booking__booking_reference"
    )
    return {pk: Subject(f"ticket of {reference}", user_id) for pk, user_id, reference in rows}


def checks(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = AttendanceCheck.objects.filter(pk__in=ids).values_list(
        "pk", "booking__user_id", "booking__booking_reference"
    )
    return {pk: Subject(f"question about {reference}", user_id) for pk, user_id, reference in rows}


def payments(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = Payment.objects.filter(pk__in=ids).values_list(
        "pk", "booking__user_id", "booking__booking_reference"
    )
    return {pk: Subject(f"payment for {reference}", user_id) for pk, user_id, reference in rows}


describe(
    "bookings",
    Described(
        group="Bookings",
        noun="booking",
        plural="bookings",
        rank=3,
        phrases={"created": "made {object}"},
        participles={"created": "made"},
        labels={
            "quantity": "seats",
            "booking_reference": "reference",
            "total_amount": "amount",
            "unit_price": "price per seat",
            "cancel_reason": "reason",
            "expires_at": "to be paid by",
            "user_id": "attendee",
        },
        identifying=("booking_reference", "user_id", "quantity", "total_amount", "status"),
        subjects=bookings,
    ),
)
describe(
    "payments",
    Described(
        group="Payments",
        noun="payment",
        plural="payments",
        rank=5,
        phrases={"created": "recorded {object}"},
        participles={"created": "recorded"},
        labels={"provider_reference": "reference", "recorded_by_id": "recorded by"},
        identifying=("amount", "kind", "status", "provider_reference"),
        subjects=payments,
    ),
)
describe(
    "tickets",
    Described(
        group="Tickets",
        noun="ticket",
        plural="tickets",
        rank=6,
        phrases={"checked_in": "checked in {object}"},
        labels={
            "holder_name": "name on the ticket",
            "holder_id": "ticket of",
            "checked_in_by_id": "checked in by",
        },
        identifying=("holder_name",),
        subjects=tickets,
    ),
)
describe(
    "ticket_transfers",
    Described(
        group="Tickets",
        noun="ticket transfer",
        plural="ticket transfers",
        rank=4,
        phrases={
            "created": "offered to hand over {object}",
            "accepted": "had {object} accepted",
            "withdrawn": "took back {object}",
        },
        participles={"created": "offered", "withdrawn": "taken back"},
        labels={
            "user_id": "handed over by",
            "recipient_id": "handed over to",
            "recipient_name": "name of the recipient",
            "recipient_email": "address of the recipient",
        },
        identifying=("user_id", "recipient_name", "recipient_email"),
        subjects=transfers,
    ),
)
describe(
    "attendance_checks",
    Described(
        group="Bookings",
        noun="question who is coming",
        plural="questions who is coming",
        rank=8,
        phrases={"created": "asked the {object}", "changed": "changed the {object}"},
        participles={"created": "asked"},
        labels={"coming": "seats still needed", "asked_again_at": "asked again"},
        identifying=("seats", "event_date"),
        subjects=checks,
    ),
)
describe(
    "booking_attempts",
    Described(group="Bookings", noun="booking attempt", plural="booking attempts", rank=12),
)
describe(
    "bookings_archive",
    Described(group="Bookings", noun="archived booking", plural="archived bookings", rank=13),
)
describe_tasks(
    expire_pending_bookings="bookings that were not paid in time are cancelled",
    ask_attendees="attendees are asked whether they are still coming",
)
