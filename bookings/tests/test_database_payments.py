"""Constraints and triggers of payments, tested in SQL."""

import pytest

from evently.tests.rows import book, event, insert
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


def pay(booking, amount, **columns):
    event_id = value("SELECT event_id FROM bookings WHERE id = %s", booking)
    given = {
        "event_id": event_id,
        "booking_id": booking,
        "amount": amount,
        "currency": "EUR",
        "status": "succeeded",
        "provider_reference": str(value("SELECT evently_uuid7()")),
    }
    return insert("payments", **(given | columns))


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_payment_amount", {"amount": 0}),
        ("chk_payment_amount", {"amount": -5}),
        ("chk_payment_amount", {"amount": "NaN"}),
        ("chk_payment_provider", {"provider": "purse"}),
        ("chk_payment_kind", {"kind": "gift"}),
        ("chk_payment_status", {"status": "maybe"}),
        ("chk_payment_currency", {"currency": "eur"}),
        ("chk_payment_money", {"currency": "JPY", "amount": "19.50"}),
        ("chk_payment_money", {"currency": "XQZ"}),
        # The trigger looks for the booking before fk_payments_event is checked.
        ("fk_payments_booking", {"event_id": UNKNOWN_ID}),
        ("fk_payments_booking", {"booking_id": UNKNOWN_ID}),
    ],
)
def test_payment_refuses(booking, constraint, columns):
    with refused(constraint):
        pay(booking, columns.pop("amount", 20), **columns)


def test_payment_reference_is_unique_per_provider(booking):
    row = pay(booking, 20, provider_reference="one")
    pay(booking, 20, provider_reference="one", provider="stripe")
    with refused("unq_payment_reference"):
        pay(booking, 20, provider_reference="one")
    with refused("payments_pkey"):
        pay(booking, 20, id=row)


def test_refunds_stay_within_charges(priced, booking):
    with refused("trg_refund_within_charges"):
        pay(booking, 1, kind="refund")
    charge = pay(booking, 20)
    pay(booking, 5, kind="refund")
    refund = pay(booking, 15, kind="refund", status="open")
    with refused("trg_refund_within_charges"):
        pay(booking, 1, kind="refund")
    for change in ("status = 'failed'", "amount = 19", "kind = 'refund'"):
        with refused("trg_refund_within_charges"):
            run(f"UPDATE payments SET {change} WHERE id = %s", charge)
    with refused("trg_refund_within_charges"):
        run("DELETE FROM payments WHERE id = %s", charge)
    other = book(priced, unit_price=10)
    with refused("trg_refund_within_charges"):
        run("UPDATE payments SET booking_id = %s WHERE id = %s", other, charge)
    run("UPDATE payments SET status = 'failed' WHERE id = %s", refund)
    pay(booking, 15, kind="refund")


def test_payment_has_the_event_of_its_booking(booking):
    with refused("fk_payments_booking"):
        pay(booking, 5, event_id=event())


def test_booking_with_payments_cannot_be_deleted(priced, booking):
    pay(booking, 20)
    for statement in (
        "DELETE FROM bookings",
        "DELETE FROM users WHERE id = (SELECT user_id FROM bookings)",
    ):
        with refused("fk_payments_booking"):
            run(statement)
