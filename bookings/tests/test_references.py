"""Booking references: made by the database, never twice, and not to be guessed."""

import itertools
import re
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction

from evently.tests.database import as_owner
from evently.tests.rows import book, event
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

FORM = re.compile(r"EVT(\d{8})([0-9A-HJKMNP-TV-Z]{10})")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MANY = 100_000


def number_of(reference):
    """Return the 50 bits behind the ten characters."""
    number = 0
    for character in FORM.fullmatch(reference)[2]:
        number = number << 5 | ALPHABET.index(character)
    return number


def test_reference_is_the_databases_whatever_a_client_writes():
    """trg_bookings_reference."""
    event_id = event()
    booking = book(event_id, booking_reference="EVT20200101AAAAAAAAAA")
    ((reference, today),) = run(
        "SELECT booking_reference, to_char(evently_clock() AT TIME ZONE 'UTC', 'YYYYMMDD')"
        " FROM bookings WHERE id = %s",
        booking,
    )
    assert FORM.fullmatch(reference)[1] == today
    assert reference != "EVT20200101AAAAAAAAAA"
    # The trigger overwrites on insert and refuses on update, so unq_booking_reference is its net.
    with refused("trg_booking_final"):
        run("UPDATE bookings SET booking_reference = 'EVT20200101AAAAAAAAAA'")


@pytest.mark.django_db(transaction=True)
def test_reference_bears_the_day_of_the_clock(clock):
    clock.move(timedelta(days=3))
    with transaction.atomic():
        event_id = event(published_at=value("SELECT now()"))
        book(event_id)
    assert value(
        "SELECT booking_reference LIKE 'EVT' || to_char((now() + interval '3 days')"
        " AT TIME ZONE 'UTC', 'YYYYMMDD') || '%%' FROM bookings WHERE event_id = %s",
        event_id,
    )


def made_at_once(count):
    """Return what the trigger gives to so many rows, of a table without all the rest."""
    with as_owner() as owner:
        owner.execute("CREATE TEMP TABLE made (booking_reference text) ON COMMIT DROP")
        owner.execute(
            "CREATE TRIGGER trg_bookings_reference BEFORE INSERT ON made"
            " FOR EACH ROW EXECUTE FUNCTION evently_booking_reference()"
        )
        rows = owner.execute(
            "INSERT INTO made SELECT '' FROM generate_series(1, %s) RETURNING booking_reference",
            [count],
        ).fetchall()
    return [row[0] for row in rows]


@pytest.mark.slow
def test_hundred_thousand_made_at_once_are_unique_and_look_random():
    references = made_at_once(MANY)
    numbers = [number_of(reference) for reference in references]
    assert len(set(numbers)) == MANY

    # Each bit is 1 in half of them: 50,000, give or take six standard deviations (of 158).
    for bit in range(50):
        ones = sum(number >> bit & 1 for number in numbers)
        assert abs(ones - MANY / 2) < 950, (bit, ones)
    # Neighbours differ in half of their bits, and by no step that comes again.
    differing = [(one ^ two).bit_count() for one, two in itertools.pairwise(numbers)]
    assert abs(sum(differing) / len(differing) - 25) < 0.1
    assert min(differing) >= 5
    steps = Counter(two - one for one, two in itertools.pairwise(numbers))
    assert steps.most_common(1)[0][1] <= 2
    # No beginning is frequent: of 32 ** 4 possible ones, each is met 0.1 times on average.
    beginnings = Counter(reference[11:15] for reference in references)
    assert beginnings.most_common(1)[0][1] < 8
    ends = Counter(reference[-1] for reference in references)
    assert set(ends) == set(ALPHABET)
    assert max(ends.values()) < MANY / 32 * 1.15
