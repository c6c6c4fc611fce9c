"""Bookings, tickets, payments and attempts go around Django: accepted, then refused."""

import pytest

from evently.tests.database import as_owner
from evently.tests.rows import (
    SEALED,
    book,
    check_everything,
    event,
    free_seats,
    insert,
    person,
)
from evently.tests.sql import as_at_commit, refused, run, value

pytestmark = pytest.mark.django_db

NOBODY = "00000000-0000-7000-8000-000000000000"

REFUSED = [
    ("chk_booking_quantity", "quantity = 0, unit_price = 0, total_amount = 0"),
    ("chk_booking_total", "total_amount = 15"),
    ("chk_booking_amount", "total_amount = 0"),
    ("chk_booking_status", "status = 'open'"),
    ("chk_booking_cancelled", "cancelled_at = now()"),
    # A price below 0 makes an amount below 0, which is checked first.
    ("chk_booking_amount", "unit_price = -1, total_amount = -2"),
    ("trg_booking_final", "event_id = evently_uuid7()"),
    ("trg_booking_final", "user_id = evently_uuid7()"),
    ("trg_booking_final", "id = evently_uuid7()"),
    ("trg_booking_final", "booking_reference = 'EVT20260101AAAAAAAAAA'"),
    ("trg_booking_final", "status = 'pending'"),
    ("trg_booking_final", "unit_price = 11, total_amount = 22"),
    ("trg_booking_final", "unit_price = 'NaN', total_amount = 'NaN'"),
]
# Django's own, which cannot be reached: what a client writes into a version is overwritten.
HIDDEN = {"bookings_version_check": "trg_bookings_update"}


@pytest.fixture
def priced():
    """An event at 10 a seat."""
    return event(base_price=10, current_price=10)


@pytest.fixture
def booking(priced):
    """Two seats at 10."""
    return book(priced, 2, unit_price=10)


@pytest.mark.parametrize(("constraint", "change"), REFUSED)
def test_booking_refuses(booking, constraint, change):
    before = run("SELECT * FROM bookings")
    with refused(constraint):
        run(f"UPDATE bookings SET {change}")
    assert run("SELECT * FROM bookings") == before


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_booking_quantity", {"quantity": 0, "unit_price": 0}),
        ("bookings_quantity_check", {"quantity": -1, "unit_price": 0}),
        ("chk_booking_quantity", {"quantity": 11}),
        ("chk_booking_amount", {"unit_price": -1}),
        ("chk_booking_expires", {"expires_at": "2030-01-01"}),
        ("chk_booking_price", {"unit_price": "NaN", "total_amount": "NaN"}),
        ("trg_price_current", {"unit_price": 11}),
        ("chk_booking_total", {"unit_price": 5, "total_amount": 4}),
        ("fk_bookings_user", {"user_id": NOBODY}),
        ("fk_bookings_event", {"event_id": NOBODY}),
    ],
)
def test_insert_refuses(priced, constraint, columns):
    given = {"event_id": priced, "unit_price": 10} | columns
    with refused(constraint):
        book(**given)
    assert free_seats(priced) == 10


def test_nobody_books_who_has_left(priced):
    """trg_bookings_person"""
    gone = person()
    run("UPDATE users SET deleted_at = now() WHERE id = %s", gone)
    with refused("trg_person_left"):
        book(priced, user_id=gone)
    assert free_seats(priced) == 10


def test_bookings_stay_when_their_person_leaves(booking):
    as_at_commit()
    run("UPDATE users SET deleted_at = now()")
    run("UPDATE bookings SET quantity = 1, total_amount = 10")
    as_at_commit()


def test_insert_accepts_any_price_up_to_the_current_one(priced):
    book(priced, unit_price=0)
    book(priced, unit_price=10)
    book(priced, 8, unit_price=9)
    assert free_seats(priced) == 0


def test_booking_id_is_unique(priced, booking):
    with refused("bookings_pkey"):
        book(priced, id=booking)
    assert free_seats(priced) == 8


def test_update_counts_versions_and_says_when(booking):
    run("UPDATE bookings SET status = 'cancelled', version = 9, updated_at = '2020-01-01'")
    ((version, cancelled_at, updated_at),) = run(
        "SELECT version, cancelled_at, updated_at FROM bookings"
    )
    assert version == 2
    assert cancelled_at is not None
    assert updated_at >= cancelled_at


@pytest.mark.parametrize(
    "change", ["status = 'confirmed', cancelled_at = NULL", "quantity = 1, total_amount = 10"]
)
def test_cancelled_booking_stays_cancelled(booking, change):
    run("UPDATE bookings SET status = 'cancelled'")
    with refused("trg_booking_final"):
        run(f"UPDATE bookings SET {change}")
    run("UPDATE bookings SET status = 'cancelled', cancel_reason = 'again'")
    check_everything()


def test_pending_booking_is_confirmed_without_its_deadline(priced):
    book(priced, unit_price=10, status="pending", expires_at=value("SELECT now()"))
    run("UPDATE bookings SET status = 'confirmed'")
    assert run("SELECT status, expires_at FROM bookings") == [("confirmed", None)]
    assert free_seats(priced) == 9


# ── Tickets: trg_bookings_tickets and trg_bookings_tickets_changed ───────────
def living():
    return value("SELECT count(*) FROM tickets WHERE cancelled_at IS NULL")


def test_every_seat_has_a_ticket_with_a_secret_of_its_own(priced):
    run(
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
        " SELECT %s, %s, n, 0 FROM generate_series(1, 4) n",
        priced,
        person(),
    )
    assert living() == 10
    assert value("SELECT count(DISTINCT secret) FROM tickets WHERE length(secret) = 32") == 10
    check_everything()


def test_cancelled_insert_has_no_tickets(priced):
    book(priced, 3, status="cancelled", cancelled_at=value("SELECT now()"))
    assert (living(), free_seats(priced)) == (0, 10)


def test_tickets_follow_quantity_and_status(priced, booking):
    secrets = run("SELECT id FROM tickets ORDER BY id")
    run("UPDATE tickets SET checked_in_at = now() WHERE id = %s", secrets[1][0])
    run("UPDATE bookings SET quantity = 1, total_amount = 10")
    # The one that was used at the door stays.
    assert run("SELECT id FROM tickets WHERE cancelled_at IS NULL") == [secrets[1]]
    run("UPDATE bookings SET quantity = 4, total_amount = 40")
    assert (living(), free_seats(priced)) == (4, 6)
    run("UPDATE bookings SET status = 'cancelled'")
    assert (living(), free_seats(priced)) == (0, 10)
    check_everything()


def test_chosen_seat_is_given_back(priced, booking):
    run("UPDATE tickets SET cancelled_at = now() WHERE id = (SELECT id FROM tickets LIMIT 1)")
    run("UPDATE bookings SET quantity = 1, total_amount = 10")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    assert (living(), free_seats(priced)) == (1, 9)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tickets SET cancelled_at = now()",
        "DELETE FROM tickets",
        "INSERT INTO tickets (booking_id, event_id) SELECT id, event_id FROM bookings",
    ],
)
def test_living_tickets_are_as_many_as_seats(booking, statement):
    with refused("trg_ticket_count"):
        run(statement)
    assert living() == 2


def test_ticket_of_a_booking_admits_to_its_own_event_only(booking):
    other = event()
    with refused("trg_ticket_count"):
        run("INSERT INTO tickets (booking_id, event_id) SELECT id, %s FROM bookings", other)


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("trg_ticket_final", "secret = 'guessed'"),
        ("trg_ticket_final", "booking_id = evently_uuid7()"),
        ("trg_ticket_final", "event_id = evently_uuid7()"),
        ("chk_ticket_holder_sealed", "holder_name = 'Ada'"),
        ("chk_ticket_checked_in", "checked_in_by_id = evently_uuid7()"),
    ],
)
def test_ticket_refuses(booking, constraint, change):
    """trg_tickets_update and the checks."""
    with refused(constraint):
        run(f"UPDATE tickets SET {change}")
    run("UPDATE tickets SET holder_name = %s, checked_in_at = now()", SEALED)


def test_cancelled_ticket_stays_cancelled(booking):
    run("UPDATE bookings SET status = 'cancelled'")
    with refused("trg_ticket_final"):
        run("UPDATE tickets SET cancelled_at = NULL")


def test_ticket_belongs_somewhere_once(priced, booking):
    ((ticket, secret),) = run("SELECT id, secret FROM tickets LIMIT 1")
    with refused("unq_ticket_secret"):
        insert("tickets", booking_id=booking, event_id=priced, secret=secret)
    with refused("tickets_pkey"):
        insert("tickets", id=ticket, booking_id=booking, event_id=priced)
    with refused("fk_tickets_booking"):
        insert("tickets", booking_id=NOBODY, event_id=priced)
    with refused("fk_tickets_event"):
        insert("tickets", booking_id=booking, event_id=NOBODY)


# ── Payments ────────────────────────────────────────────────────────────────
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
        # The trigger asks for the booking before fk_payments_event asks for the event.
        ("fk_payments_booking", {"event_id": NOBODY}),
        ("fk_payments_booking", {"booking_id": NOBODY}),
    ],
)
def test_payment_refuses(booking, constraint, columns):
    with refused(constraint):
        pay(booking, columns.pop("amount", 20), **columns)


def test_payment_is_recorded_once(booking):
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


def test_payment_names_the_event_of_its_booking(booking):
    with refused("fk_payments_booking"):
        pay(booking, 5, event_id=event())


def test_booking_and_event_with_payments_stay(priced, booking):
    pay(booking, 20)
    for statement in (
        "DELETE FROM bookings",
        "DELETE FROM users WHERE id = (SELECT user_id FROM bookings)",
    ):
        with refused("fk_payments_booking"):
            run(statement)


# ── Attempts and the archive ────────────────────────────────────────────────
def test_attempt_has_an_outcome(priced, booking):
    success = {"event_id": priced, "result": "success", "booking_id": booking, "quantity": 2}
    row = insert("booking_attempts", **success)
    insert("booking_attempts", event_id=priced, result="failed", failure_reason="sold_out")
    for columns in ({"failure_reason": "x"}, {"booking_id": None}, {"result": "failed"}):
        with refused("chk_attempt_outcome"):
            insert("booking_attempts", **(success | columns))
    with refused("chk_attempt_outcome"):
        # It knows two results only, so chk_attempt_result has no more to say.
        insert("booking_attempts", **(success | {"result": "perhaps"}))
    for name, columns in (
        ("booking_attempts_pkey", {"id": row}),
        ("fk_booking_attempts_event", {"event_id": NOBODY}),
        ("fk_booking_attempts_booking", {"booking_id": NOBODY}),
        ("fk_booking_attempts_user", {"user_id": NOBODY}),
    ):
        with refused(name):
            insert("booking_attempts", **(success | columns))


def test_archive_keeps_people_and_events(priced, booking):
    columns = "id, event_id, user_id, quantity, total_amount, booking_reference, unit_price"
    run(f"INSERT INTO bookings_archive ({columns}) SELECT {columns} FROM bookings")
    run("DELETE FROM bookings")
    with refused("fk_bookings_archive_event"):
        run("DELETE FROM events WHERE id = %s", priced)
    for name, change in (
        ("bookings_archive_pkey", "id"),
        ("unq_archived_reference", "evently_uuid7()"),
    ):
        with refused(name):
            run(
                f"INSERT INTO bookings_archive ({columns}) SELECT {change},"
                f" {columns.removeprefix('id, ')} FROM bookings_archive"
            )
    for name, change in (
        ("bookings_archive_quantity_check", "quantity = -1"),
        ("bookings_archive_version_check", "version = -1"),
        ("fk_bookings_archive_user", "user_id = evently_uuid7()"),
    ):
        with refused(name):
            run(f"UPDATE bookings_archive SET {change}")
    run("DELETE FROM users WHERE id = (SELECT user_id FROM bookings_archive)")
    assert value("SELECT count(*) FROM bookings_archive") == 0


# ── Who goes with whom ──────────────────────────────────────────────────────
def test_person_takes_bookings_tickets_and_attempts_along(priced, booking):
    insert("booking_attempts", event_id=priced, result="success", booking_id=booking, quantity=2)
    run("DELETE FROM users WHERE id = (SELECT user_id FROM bookings)")
    for table in ("bookings", "tickets", "booking_attempts"):
        assert value(f"SELECT count(*) FROM {table}") == 0
    assert free_seats(priced) == 10


def test_truncation_by_the_owner_counts_seats_anew():
    """trg_bookings_truncate, where the ledger's statement triggers do not run."""
    with as_owner() as owner:
        names = owner.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'bookings'::regclass AND tgtype & 32 > 0"
        ).fetchall()
    assert names == [("trg_bookings_truncate",)]


def test_trail_follows_bookings_payments_and_tickets(booking):
    """trg_audit_insert, trg_audit_update, trg_audit_delete."""
    pay(booking, 20)
    run("UPDATE payments SET amount = 21")
    run("UPDATE tickets SET holder_name = %s", SEALED)
    run("DELETE FROM payments")
    run("UPDATE bookings SET status = 'cancelled'")
    run("DELETE FROM bookings")
    rows = run(
        "SELECT table_name, action, count(*) FROM audit_log"
        " WHERE table_name IN ('bookings', 'payments', 'tickets')"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert rows == [
        ("bookings", "delete", 1),
        ("bookings", "insert", 1),
        ("bookings", "update", 1),
        ("payments", "delete", 1),
        ("payments", "insert", 1),
        ("payments", "update", 1),
        ("tickets", "delete", 2),
        ("tickets", "update", 4),
    ]
