"""The end of an offer under plain SQL: it moves once, later, and to twice the time at most."""

from datetime import timedelta

import pytest

from evently.tests.rows import check_everything, end_offer, full_event, offer, wait
from evently.tests.sql import refused, run, value
from waitlists.tests.recorded import check_record, records_of

pytestmark = pytest.mark.django_db

MOVE = """
    UPDATE waitlist_promotions SET first_expires_at = expires_at, moved_reason = 'lost',
        expires_at = promoted_at + {factor} * (expires_at - promoted_at)
"""


@pytest.fixture
def event_id():
    """An event of 10 seats with an offer of 2 that lasts an hour."""
    event_id, _ = full_event(base_price=10, current_price=10)
    entry_id = wait(event_id, 4, min_quantity=2, unit_price=10)
    run("UPDATE bookings SET quantity = 8")
    offer(entry_id, 2, unit_price=10)
    yield event_id
    check_everything()


def move(factor):
    run(MOVE.format(factor=factor))


@pytest.mark.parametrize("factor", [2.01, 1, 0.5])
def test_end_moves_only_later_and_to_twice_the_time_at_most(event_id, factor):
    with refused("trg_promotion_moved"):
        move(factor)


def test_end_moves_once_and_the_record_has_it(event_id):
    move(1.5)
    with refused("trg_promotion_moved"):
        move(1.1)
    for change in (
        "first_expires_at = first_expires_at + interval '1 minute'",
        "first_expires_at = NULL, moved_reason = ''",
        "moved_reason = 'late'",
    ):
        with refused("trg_promotion_moved"):
            run(f"UPDATE waitlist_promotions SET {change}")
    with refused("trg_promotion_final"):
        run("UPDATE waitlist_promotions SET expires_at = expires_at + interval '1 minute'")

    assert check_record(event_id)[-1] == "extended"
    assert set(records_of(event_id)[-1]) >= {"ref", "until"}


def test_end_never_moves_past_the_end_of_the_waitlist(event_id):
    run("UPDATE events SET sales_end_at = evently_clock() + interval '70 minutes'")
    with refused("trg_promotion_time"):
        move(2)
    move(1.1)
    # It still ends with sales that end earlier.
    run("UPDATE events SET sales_end_at = evently_clock() + interval '30 minutes'")
    assert value(
        "SELECT expires_at < evently_clock() + interval '31 minutes' FROM waitlist_promotions"
    )


@pytest.mark.parametrize("role", ["evently_attendee", "evently_organizer"])
def test_no_person_moves_the_end_of_their_offer(event_id, role):
    user_id = value("SELECT user_id FROM waitlist_promotions")
    with refused("trg_promotion_moved"):
        run(
            "SELECT set_config('role', %s, true), set_config('evently.user_id', %s, true)",
            role,
            str(user_id),
        )
        move(1.5)


def test_what_is_known_of_the_message_is_said_once(event_id):
    with refused("chk_promotion_moved"):
        run(
            "UPDATE waitlist_promotions SET moved_reason = 'other', first_expires_at = expires_at,"
            " expires_at = expires_at + interval '1 minute'"
        )
    with refused("chk_promotion_unreached"):
        run("UPDATE waitlist_promotions SET is_unreached = true")
    run("UPDATE waitlist_promotions SET message_lost_at = evently_clock()")
    with refused("trg_promotion_final"):
        run("UPDATE waitlist_promotions SET message_lost_at = NULL")


@pytest.mark.parametrize(("is_unreached", "lapses"), [(True, 0), (False, 1)])
def test_offer_that_reached_nobody_is_none_that_ran_out(event_id, clock, is_unreached, lapses):
    clock.move(timedelta(hours=2))
    end_offer(value("SELECT id FROM waitlist_promotions"), "expired", is_unreached=is_unreached)
    assert value("SELECT lapses FROM waitlists") == lapses
