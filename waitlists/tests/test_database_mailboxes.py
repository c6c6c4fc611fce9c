"""Several addresses of one mailbox under plain SQL: one person for the limit and the waitlist."""

import pytest

from evently.tests.rows import as_application, book, check_everything, event, offer, person, wait
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

BOX, OTHER_BOX = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()


@pytest.fixture
def limited():
    """An event of ten seats and at most three per person."""
    return event(max_per_person=3)


@pytest.fixture
def full():
    event_id = event(total_capacity=1)
    book(event_id)
    return event_id


def fill(event_id):
    """Book the seats that are left, for several people."""
    for _ in range(value("SELECT available_seats FROM events WHERE id = %s", event_id)):
        book(event_id)


def confirm(entry):
    with as_application():
        run("UPDATE waitlists SET confirmed_at = evently_clock() WHERE id = %s", entry)


def leave(entry):
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry)


# ── The limit per person ────────────────────────────────────────────────────
def test_bookings_of_one_mailbox_count_together(limited):
    booking = book(limited, 2, mailbox=BOX)
    with refused("trg_person_limit"):
        book(limited, 2, mailbox=BOX)
    book(limited, 1, mailbox=BOX)
    with refused("trg_person_limit"):
        run("UPDATE bookings SET quantity = 3 WHERE id = %s", booking)
    book(limited, 3, mailbox=OTHER_BOX)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking)
    book(limited, 2, mailbox=BOX)


def test_bookings_without_a_mailbox_count_for_their_user(limited):
    who = person()
    book(limited, 2)
    book(limited, 3)
    book(limited, 2, who)
    with refused("trg_person_limit"):
        book(limited, 2, who, mailbox=BOX)


def test_several_mailboxes_of_one_statement_count_each_for_itself(limited):
    statement = (
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount, mailbox)"
        " VALUES (%s, %s, 2, 0, %s), (%s, %s, 2, 0, %s)"
    )
    with refused("trg_person_limit"):
        run(statement, limited, person(), BOX, limited, person(), BOX)
    run(statement, limited, person(), BOX, limited, person(), OTHER_BOX)


def test_entries_and_offers_of_the_mailbox_count(limited):
    book(limited, 1, mailbox=BOX)
    fill(limited)
    with refused("trg_person_limit"):
        wait(limited, 3, mailbox=BOX)
    entry = wait(limited, 2, mailbox=BOX)
    run("UPDATE events SET total_capacity = 13")
    with refused("trg_person_limit"):
        book(limited, 1, mailbox=BOX)
    offer(entry, 2)
    with refused("trg_person_limit"):
        book(limited, 1, mailbox=BOX)
    book(limited, 1, mailbox=OTHER_BOX)


def test_unconfirmed_entry_counts_once_it_is_confirmed(limited):
    fill(limited)
    entry = wait(limited, 2, mailbox=BOX, confirmed_at=None)
    run("UPDATE events SET total_capacity = 15")
    booking = book(limited, 2, mailbox=BOX)
    with refused("trg_person_limit"):
        confirm(entry)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking)
    confirm(entry)
    with refused("trg_person_limit"):
        book(limited, 2, mailbox=BOX)


def test_lowered_limit_lets_a_user_confirm_what_is_their_own(limited):
    fill(limited)
    entry = wait(limited, 3, mailbox=BOX, confirmed_at=None)
    run("UPDATE events SET max_per_person = 2")
    confirm(entry)


# ── One place per mailbox ───────────────────────────────────────────────────
def test_mailbox_has_one_confirmed_open_entry_per_event(full):
    entry = wait(full, mailbox=BOX)
    with refused("unq_mailbox_event_waitlist"):
        wait(full, mailbox=BOX)
    wait(full, mailbox=OTHER_BOX)
    wait(full)
    leave(entry)
    wait(full, mailbox=BOX)
    with refused("unq_mailbox_event_waitlist"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)


def test_unconfirmed_entry_keeps_no_other_address_away(full):
    unconfirmed = wait(full, mailbox=BOX, confirmed_at=None)
    wait(full, mailbox=BOX)
    with refused("unq_mailbox_event_waitlist"):
        confirm(unconfirmed)


def test_offers_that_ran_out_follow_the_mailbox(full):
    entry = wait(full, mailbox=BOX)
    leave(entry)
    with as_application():
        run("UPDATE waitlists SET lapses = 2 WHERE id = %s", entry)
    again = wait(full, mailbox=BOX)
    assert run("SELECT lapses, priority_score FROM waitlists WHERE id = %s", again) == [(2, -2)]
    leave(again)
    with as_application():
        run("UPDATE waitlists SET lapses = 3 WHERE id = %s", again)
    with refused("trg_join_lapsed"):
        wait(full, mailbox=BOX)
    with refused("trg_join_lapsed"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)
    assert value("SELECT lapses FROM waitlists WHERE id = %s", wait(full, mailbox=OTHER_BOX)) == 0


def test_audit_log_does_not_hold_mailboxes(full):
    wait(full, mailbox=BOX)
    run("UPDATE waitlists SET mailbox = %s", OTHER_BOX)
    run("UPDATE bookings SET mailbox = %s", BOX)
    run("UPDATE bookings SET mailbox = NULL")

    logged = [str(row) for row in run("SELECT before, after FROM audit_log")]
    assert any("[redacted]" in row for row in logged)
    assert not any(box in row for row in logged for box in (BOX, OTHER_BOX))
