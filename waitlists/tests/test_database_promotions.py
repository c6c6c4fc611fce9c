"""Offers under plain SQL: their terms, and the transitions of their status."""

from datetime import timedelta

import pytest
from django.db import transaction

from evently.tests.rows import (
    book,
    check_everything,
    end_offer,
    free_seats,
    full_event,
    line,
    offer,
    person,
    wait,
)
from evently.tests.sql import as_at_commit, refused, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()


@pytest.fixture
def entry():
    """An entry for 4 seats, or at least 2, at a price of 10; 5 of 10 seats are free."""
    event_id, _ = full_event(base_price=10, current_price=10)
    entry_id = wait(event_id, 4, min_quantity=2, unit_price=10)
    run("UPDATE bookings SET quantity = 5")
    return entry_id


def columns_of(promotion):
    names = "status, booking_id, ended_at"
    return run(f"SELECT {names} FROM waitlist_promotions WHERE id = %s", promotion)[0]


def seats():
    return value("SELECT available_seats FROM events")


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("trg_promotion_entry", {"quantity": 1}),
        ("trg_promotion_entry", {"quantity": 5}),
        ("trg_promotion_entry", {"status": "used"}),
        ("trg_promotion_entry", {"status": "expired"}),
        ("trg_promotion_price", {"unit_price": 11}),
        ("trg_promotion_price", {"unit_price": "NaN"}),
        ("chk_promotion_price", {"unit_price": -1}),
        ("chk_promotion_window", {"expires_at": "2020-01-01"}),
        ("chk_promotion_booking", {"booking_id": UNKNOWN_ID}),
        ("chk_promotion_by_hand", {"organizer_reason": "speaker"}),
        ("chk_promotion_by_hand", {"position_before": 2}),
        ("chk_promotion_by_hand", {"organizer_reason": "speaker", "position_before": 0}),
        ("waitlist_promotions_window_minutes_check", {"window_minutes": -1}),
    ],
)
def test_offer_refuses(entry, constraint, columns):
    with refused(constraint):
        offer_with(entry, **columns)
    assert seats() == 5


def offer_with(entry, **columns):
    """Insert an offer; every column can be overridden with a wrong value."""
    ((event_id, user_id),) = run("SELECT event_id, user_id FROM waitlists WHERE id = %s", entry)
    given = {
        "event_id": event_id,
        "user_id": user_id,
        "waitlist_id": entry,
        "quantity": 2,
        "unit_price": 10,
        "window_minutes": 60,
        "expires_at": value("SELECT evently_clock() + interval '1 hour'"),
    } | columns
    names = ", ".join(given)
    marks = ", ".join(["%s"] * len(given))
    return value(
        f"INSERT INTO waitlist_promotions ({names}) VALUES ({marks}) RETURNING id",
        *given.values(),
    )


@pytest.mark.parametrize(
    ("quantity", "price"), [(2, 10), (3, 0), (4, 9.99)], ids=["lowest", "between", "highest"]
)
def test_offer_accepts(entry, quantity, price):
    offer(entry, quantity, unit_price=price)
    assert seats() == 5 - quantity


def test_entry_has_one_pending_offer(entry):
    first = offer(entry, 2)
    with refused("unq_promotion_pending"):
        offer(entry, 2)
    with refused("waitlist_promotions_pkey"):
        run("UPDATE waitlist_promotions SET status = 'expired'")
        offer_with(entry, id=first)
    run("UPDATE waitlist_promotions SET status = 'expired'")
    offer(entry, 3)
    assert seats() == 2


def test_offer_matches_its_entry(entry):
    other, _ = full_event()
    stranger = value("SELECT created_by_id FROM events WHERE id = %s", other)
    for columns in ({"event_id": other}, {"user_id": stranger}, {"waitlist_id": UNKNOWN_ID}):
        with refused("trg_promotion_entry"):
            offer_with(entry, **columns)
    # So the three foreign keys only serve their cascades.
    run("UPDATE waitlists SET status = 'left'")
    with refused("trg_promotion_entry"):
        offer_with(entry)


def test_offer_and_entry_must_agree_at_commit(entry):
    """trg_promotions_entry and trg_waitlists_offer, which fail as trg_promotion_entry."""
    with refused("trg_promotion_entry"):
        offer_with(entry)
    with refused("trg_promotion_entry"):
        run("UPDATE waitlists SET status = 'promoted'")
    promotion = offer(entry, 2)
    as_at_commit()
    for change in ("status = 'expired'", "status = 'declined'"):
        with refused("trg_promotion_entry"):
            run(f"UPDATE waitlist_promotions SET {change}")
    with refused("trg_promotion_entry"):
        run("DELETE FROM waitlist_promotions")
    with refused("trg_promotion_entry"):
        run("UPDATE waitlists SET status = 'left'")
    end_offer(promotion, "declined")
    as_at_commit()


@pytest.mark.parametrize("column", ["event_date", "sales_end_at"])
def test_offer_never_outlasts_sales(entry, column):
    """trg_events_offers"""
    offer(entry, 2)
    run(f"UPDATE events SET {column} = evently_clock() + interval '2 hours'")
    left = "SELECT window_minutes, expires_at - promoted_at FROM waitlist_promotions"
    assert run(left)[0][0] == 60
    run(f"UPDATE events SET {column} = evently_clock() + interval '10 minutes'")
    run(f"UPDATE events SET {column} = evently_clock() + interval '3 days'")
    ((minutes, lasts),) = run(left)
    assert minutes == 11
    assert timedelta(minutes=10) < lasts < timedelta(minutes=11)
    # An offer lasts a microsecond at least: chk_promotion_window.
    run(f"UPDATE events SET {column} = '2020-01-01', created_at = '2019-01-01'")
    assert run(left) == [(1, timedelta(microseconds=1))]
    assert run("SELECT DISTINCT status FROM waitlist_promotions") == [("pending",)]


@pytest.mark.parametrize("status", ["expired", "declined"])
def test_ended_offer_is_final(entry, status):
    promotion = offer(entry, 2)
    end_offer(promotion, status)
    assert columns_of(promotion)[2] is not None
    for change in ("status = 'pending'", "status = 'declined'", "promotion_reason = 'x'"):
        with refused("trg_promotion_final"):
            run(f"UPDATE waitlist_promotions SET {change}")
    assert seats() == 5


@pytest.mark.parametrize(
    "change",
    [
        "quantity = 3",
        "unit_price = 1",
        "promotion_reason = 'changed'",
        "organizer_reason = 'speaker', position_before = 2",
        "expires_at = expires_at + interval '1 minute'",
        "promoted_at = promoted_at - interval '1 minute'",
        "event_id = evently_uuid7()",
        "user_id = evently_uuid7()",
        "waitlist_id = evently_uuid7()",
        "id = evently_uuid7()",
    ],
)
def test_pending_offer_keeps_its_terms(entry, change):
    """trg_promotions_insert checks them, trg_promotions_update keeps them."""
    offer(entry, 2)
    with refused("trg_promotion_final"):
        run(f"UPDATE waitlist_promotions SET {change}")


def use(promotion, booking="00000000-0000-7000-8000-00000000b001"):
    end_offer(promotion, "used", booking_id=booking)
    return booking


def test_used_offer_has_its_own_booking(entry):
    """trg_promotions_booking, which fails as trg_promotion_booking."""
    promotion = offer(entry, 2)
    ((event_id, user_id),) = run("SELECT event_id, user_id FROM waitlists")
    with refused("chk_promotion_booking"):
        run("UPDATE waitlist_promotions SET status = 'used'")
    with refused("chk_promotion_booking"):
        run("UPDATE waitlist_promotions SET booking_id = evently_uuid7()")
    with refused("fk_waitlist_promotions_booking"):
        use(promotion)
    with refused("trg_promotion_booking"):
        book(event_id, 3, user_id, id=use(promotion))
    with refused("trg_promotion_booking"):
        book(event_id, 2, id=use(promotion))
    with refused("trg_promotion_booking"):
        use(promotion, value("SELECT id FROM bookings"))
    booking = book(event_id, 2, user_id, id=use(promotion))
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")
    assert seats() == 3
    with refused("trg_promotion_final"):
        run("UPDATE waitlist_promotions SET status = 'pending', booking_id = NULL")
    # fk_waitlist_promotions_booking: the offer is deleted with its booking.
    run("DELETE FROM bookings WHERE id = %s", booking)
    assert value("SELECT count(*) FROM waitlist_promotions") == 0
    assert free_seats(event_id) == 5


def test_unknown_status_is_refused(entry):
    offer(entry, 2)
    with refused("chk_promotion_status"):
        run("UPDATE waitlist_promotions SET status = 'lost'")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seconds", "in_time"), [(3590, True), (3601, False)])
def test_offer_expires_by_the_clock_of_the_database(clock, seconds, in_time):
    """trg_promotion_time. The clock can be moved by the owner role only."""
    with transaction.atomic():
        event_id, _ = full_event()
        who = person()
        entry = wait(event_id, user_id=who)
        run("UPDATE bookings SET quantity = 9")
        promotion = offer(entry)
    clock.move(timedelta(seconds=seconds))
    if in_time:
        with transaction.atomic():
            book(event_id, 1, who, id=use(promotion))
    else:
        with refused("trg_promotion_time"):
            use(promotion)
    assert free_seats(event_id) == 0
    assert columns_of(promotion)[0] == ("used" if in_time else "pending")


def test_seats_of_an_ended_offer_go_to_the_next(entry):
    ((event_id,),) = run("SELECT event_id FROM waitlists")
    promotion = offer(entry, 4)
    behind = wait(event_id, 3, unit_price=10)
    assert line(event_id) == [behind]
    end_offer(promotion, "expired")
    with refused("trg_waitlist_first"):
        book(event_id, 1)
    offer(behind, 3)
    assert free_seats(event_id) == 2


def test_audit_log_records_offers(entry):
    """trg_audit_insert, trg_audit_update, trg_audit_delete."""
    end_offer(offer(entry, 2), "declined")
    run("DELETE FROM waitlist_promotions")
    actions = run(
        "SELECT action FROM audit_log WHERE table_name = 'waitlist_promotions' ORDER BY id"
    )
    assert actions == [("insert",), ("update",), ("delete",)]
