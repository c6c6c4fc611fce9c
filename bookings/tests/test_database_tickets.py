"""Tickets, tested in SQL: created and cancelled with their booking, by trg_bookings_tickets."""

import pytest

from evently.tests.rows import SEALED, book, check_everything, event, free_seats, insert, person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


def owner():
    return value("SELECT user_id FROM bookings")


def active_tickets():
    return value("SELECT count(*) FROM tickets WHERE cancelled_at IS NULL")


def test_every_seat_has_a_ticket_with_its_own_secret(priced):
    run(
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
        " SELECT %s, %s, n, 0 FROM generate_series(1, 4) n",
        priced,
        person(),
    )
    assert active_tickets() == 10
    assert value("SELECT count(DISTINCT secret) FROM tickets WHERE length(secret) = 32") == 10
    check_everything()


def test_booking_inserted_as_cancelled_has_no_tickets(priced):
    book(priced, 3, status="cancelled", cancelled_at=value("SELECT now()"))
    assert (active_tickets(), free_seats(priced)) == (0, 10)


def test_tickets_follow_quantity_and_status(priced, booking):
    tickets = run("SELECT id FROM tickets ORDER BY id")
    run("UPDATE tickets SET checked_in_at = now() WHERE id = %s", tickets[1][0])
    run("UPDATE bookings SET quantity = 1, total_amount = 10")
    # The checked-in one stays.
    assert run("SELECT id FROM tickets WHERE cancelled_at IS NULL") == [tickets[1]]
    run("UPDATE bookings SET quantity = 4, total_amount = 40")
    assert (active_tickets(), free_seats(priced)) == (4, 6)
    run("UPDATE bookings SET status = 'cancelled'")
    assert (active_tickets(), free_seats(priced)) == (0, 10)
    check_everything()


def test_chosen_ticket_is_cancelled(priced, booking):
    run("UPDATE tickets SET cancelled_at = now() WHERE id = (SELECT id FROM tickets LIMIT 1)")
    run("UPDATE bookings SET quantity = 1, total_amount = 10")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    assert (active_tickets(), free_seats(priced)) == (1, 9)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tickets SET cancelled_at = now()",
        "DELETE FROM tickets",
        "INSERT INTO tickets (booking_id, event_id) SELECT id, event_id FROM bookings",
    ],
)
def test_there_are_as_many_active_tickets_as_seats(booking, statement):
    with refused("trg_ticket_count"):
        run(statement)
    assert active_tickets() == 2


def test_ticket_has_the_event_of_its_booking(booking):
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
def test_update_refuses(booking, constraint, change):
    """trg_tickets_update and the checks."""
    with refused(constraint):
        run(f"UPDATE tickets SET {change}")
    run("UPDATE tickets SET holder_name = %s, checked_in_at = now()", SEALED)


def test_name_on_a_ticket_stays(booking):
    run("UPDATE tickets SET holder_name = %s, holder_id = %s", SEALED, owner())
    for change in ("holder_name = NULL, holder_id = NULL", f"holder_name = '{SEALED}2'"):
        with refused("trg_ticket_final"):
            run(f"UPDATE tickets SET {change}")
    run("UPDATE tickets SET checked_in_at = now()")


def test_ticket_bears_no_name_but_that_of_its_owner(booking):
    with refused("trg_ticket_holder"):
        run("UPDATE tickets SET holder_name = %s, holder_id = %s", SEALED, person())
    with refused("chk_ticket_holder"):
        run("UPDATE tickets SET holder_id = %s", owner())


def test_cancelled_ticket_stays_cancelled(booking):
    run("UPDATE bookings SET status = 'cancelled'")
    with refused("trg_ticket_final"):
        run("UPDATE tickets SET cancelled_at = NULL")


def test_ticket_has_unique_secret_and_existing_references(priced, booking):
    ((ticket, secret),) = run("SELECT id, secret FROM tickets LIMIT 1")
    with refused("unq_ticket_secret"):
        insert("tickets", booking_id=booking, event_id=priced, secret=secret)
    with refused("tickets_pkey"):
        insert("tickets", id=ticket, booking_id=booking, event_id=priced)
    with refused("fk_tickets_booking"):
        insert("tickets", booking_id=UNKNOWN_ID, event_id=priced)
    with refused("fk_tickets_event"):
        insert("tickets", booking_id=booking, event_id=UNKNOWN_ID)
