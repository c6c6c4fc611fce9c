"""Tickets that are handed over, tested in SQL."""

import pytest

from evently.tests.rows import SEALED, book, insert, person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(booking):
    return value("SELECT id FROM tickets ORDER BY id LIMIT 1")


def offer(priced, booking, ticket, **columns):
    owner = value("SELECT user_id FROM bookings WHERE id = %s", booking)
    given = {"user_id": owner, "recipient_name": SEALED, "recipient_email": SEALED}
    return insert(
        "ticket_transfers",
        event_id=priced,
        booking_id=booking,
        ticket_id=ticket,
        **(given | columns),
    )


def new_ticket(priced, booking, holder):
    return insert(
        "tickets", event_id=priced, booking_id=booking, holder_name=SEALED, holder_id=holder
    )


def accept(transfer, recipient, new):
    run(
        "UPDATE ticket_transfers SET status = 'accepted', recipient_id = %s, new_ticket_id = %s"
        " WHERE id = %s",
        *(recipient, new, transfer),
    )


def test_ticket_is_handed_over_to_a_new_ticket(priced, booking, ticket):
    transfer, recipient = offer(priced, booking, ticket), person()

    run("UPDATE tickets SET cancelled_at = now() WHERE id = %s", ticket)
    new = new_ticket(priced, booking, recipient)
    accept(transfer, recipient, new)
    run("SET CONSTRAINTS ALL IMMEDIATE")

    assert run("SELECT status, ended_at IS NOT NULL FROM ticket_transfers") == [("accepted", True)]
    assert value("SELECT count(*) FROM tickets WHERE cancelled_at IS NULL") == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tickets SET cancelled_at = now() WHERE id = (SELECT id FROM tickets ORDER BY id"
        " LIMIT 1); UPDATE bookings SET quantity = 1, total_amount = 10",
        "UPDATE tickets SET checked_in_at = now()",
        "UPDATE bookings SET status = 'cancelled'",
    ],
)
def test_only_valid_tickets_are_handed_over(priced, booking, ticket, change):
    run(change)
    with refused("trg_transfer_ticket"):
        offer(priced, booking, ticket)


def test_only_the_owner_hands_over_tickets_of_the_booking(priced, booking, ticket):
    with refused("trg_transfer_ticket"):
        offer(priced, booking, ticket, user_id=person())
    with refused("trg_transfer_ticket"):
        offer(priced, book(priced, 1, unit_price=10), ticket)


def test_unpaid_booking_hands_over_no_ticket(priced):
    unpaid = book(priced, 1, unit_price=10, status="pending")
    with refused("trg_transfer_ticket"):
        offer(priced, unpaid, value("SELECT id FROM tickets"))


def test_ticket_is_offered_to_one_person_at_a_time(priced, booking, ticket):
    offer(priced, booking, ticket)
    with refused("unq_transfer_open"):
        offer(priced, booking, ticket)
    run("UPDATE ticket_transfers SET status = 'withdrawn'")
    offer(priced, booking, ticket)


def test_handed_over_ticket_is_not_handed_over_again_by_the_first_owner(priced, booking, ticket):
    transfer, recipient = offer(priced, booking, ticket), person()
    run("UPDATE tickets SET cancelled_at = now() WHERE id = %s", ticket)
    new = new_ticket(priced, booking, recipient)
    accept(transfer, recipient, new)
    with refused("trg_transfer_ticket"):
        offer(priced, booking, new)


def test_accepting_takes_a_new_ticket_of_the_recipient(priced, booking, ticket):
    transfer, recipient = offer(priced, booking, ticket), person()
    with refused("trg_transfer_ticket"):  # the old one is valid
        accept(transfer, recipient, new_ticket(priced, booking, recipient))
    run("UPDATE tickets SET cancelled_at = now() WHERE id = %s", ticket)
    other = value("SELECT id FROM tickets WHERE cancelled_at IS NULL AND holder_id IS NULL")
    with refused("trg_transfer_ticket"):  # bears no name of theirs
        accept(transfer, recipient, other)
    with refused("chk_transfer_accepted"):
        run("UPDATE ticket_transfers SET recipient_id = %s", recipient)
    new = new_ticket(priced, booking, recipient)
    accept(transfer, recipient, new)
    with refused("unq_transfer_ticket"):
        second = value("SELECT id FROM tickets WHERE cancelled_at IS NULL AND id <> %s", new)
        again = offer(priced, booking, second)
        run("UPDATE tickets SET cancelled_at = now() WHERE id = %s", second)
        accept(again, recipient, new)


def test_checked_in_ticket_cannot_be_accepted(priced, booking, ticket):
    transfer, recipient = offer(priced, booking, ticket), person()
    run("UPDATE tickets SET checked_in_at = now(), cancelled_at = now() WHERE id = %s", ticket)
    with refused("trg_transfer_ticket"):
        accept(transfer, recipient, new_ticket(priced, booking, recipient))
    run("UPDATE bookings SET quantity = 1, total_amount = 10")


def test_ticket_bears_no_name_of_a_person_who_has_not_accepted_it(priced, booking, ticket):
    run("UPDATE tickets SET cancelled_at = now() WHERE id = %s", ticket)
    with refused("trg_ticket_handed"):
        new_ticket(priced, booking, person())
        run("SET CONSTRAINTS ALL IMMEDIATE")
    new_ticket(priced, booking, value("SELECT user_id FROM bookings"))


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("trg_transfer_final", "ticket_id = evently_uuid7()"),
        ("trg_transfer_final", "event_id = evently_uuid7()"),
        ("trg_transfer_final", "user_id = evently_uuid7()"),
        ("trg_transfer_final", f"recipient_email = '{SEALED}2'"),
        ("trg_transfer_final", "created_at = now() - interval '1 day'"),
        ("chk_transfer_status", "status = 'lost'"),
    ],
)
def test_transfer_update_refuses(priced, booking, ticket, constraint, change):
    offer(priced, booking, ticket)
    with refused(constraint):
        run(f"UPDATE ticket_transfers SET {change}")


def test_ended_transfer_stays_and_can_only_be_emptied(priced, booking, ticket):
    offer(priced, booking, ticket)
    run("UPDATE ticket_transfers SET status = 'withdrawn'")
    with refused("trg_transfer_final"):
        run("UPDATE ticket_transfers SET status = 'open'")
    run("UPDATE ticket_transfers SET recipient_name = NULL, recipient_email = NULL")
    with refused("trg_transfer_final"):
        run("UPDATE ticket_transfers SET recipient_name = %s", SEALED)


def test_transfer_begins_as_open_and_sealed(priced, booking, ticket):
    with refused("trg_transfer_final"):
        offer(priced, booking, ticket, status="withdrawn")
    with refused("chk_transfer_sealed"):
        offer(priced, booking, ticket, recipient_name="Ada")


def test_transfer_has_an_id_of_its_own(priced, booking, ticket):
    first = offer(priced, booking, ticket)
    with refused("ticket_transfers_pkey"):
        offer(priced, booking, value("SELECT id FROM tickets WHERE id <> %s", ticket), id=first)


def test_transfer_goes_with_its_ticket_and_event(priced, booking, ticket):
    offer(priced, booking, ticket)
    run("DELETE FROM bookings")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    assert value("SELECT count(*) FROM ticket_transfers") == 0
