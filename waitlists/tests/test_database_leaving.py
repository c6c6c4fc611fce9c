"""What the database refuses while the deletion of an account is pending, by plain SQL."""

import pytest

from evently.tests.rows import book, end_offer, event, full_event, offer, person, wait
from evently.tests.sql import as_at_commit, refused, run

pytestmark = pytest.mark.django_db

LEAVE = (
    "UPDATE users SET deletion_requested_at = now(), deletion_due_at = now() + interval '7 days'"
    " WHERE id = %s"
)


def test_new_bookings_and_entries_are_refused():
    free, (full, _), user = event(), full_event(), person()
    entry = wait(full, user_id=user)
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry)
    as_at_commit()
    run(LEAVE, user)

    with refused("trg_deletion_pending"):
        book(free, user_id=user)
    with refused("trg_deletion_pending"):
        wait(full_event()[0], user_id=user)
    with refused("trg_deletion_pending"):
        run("UPDATE waitlists SET status = 'waiting' WHERE id = %s", entry)

    run(
        "UPDATE users SET deletion_requested_at = NULL, deletion_due_at = NULL WHERE id = %s",
        user,
    )
    book(free, user_id=user)
    as_at_commit()


def test_offer_may_become_a_booking():
    (full, taken), user = full_event(), person()
    entry = wait(full, user_id=user)
    as_at_commit()
    run(LEAVE, user)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", taken)

    promotion = offer(entry)
    booking = book(full, user_id=user)
    end_offer(promotion, "used", booking_id=booking)

    as_at_commit()
