"""The watch over statements sees what it must, and lets the rest go."""

import pytest

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.environment import BASE_DIR
from evently.tests.owned_rows import EventNotNamed, owned_tables, tables_without_event

MISSING = [
    'UPDATE "bookings" SET "status" = %s WHERE "bookings"."id" = %s',
    'UPDATE "bookings" SET "event_id" = %s WHERE "bookings"."id" = %s',
    "DELETE FROM waitlists WHERE id = %s",
    "DELETE FROM tickets",
    "WITH gone AS (DELETE FROM waitlists WHERE id = 1 RETURNING id) SELECT * FROM gone",
    'SELECT "bookings"."event_id" FROM "bookings" WHERE "bookings"."id" = 1 FOR NO KEY UPDATE',
    "SELECT 1 FROM waitlist_promotions WHERE id = 1 FOR UPDATE SKIP LOCKED",
]
FINE = [
    'UPDATE "bookings" SET "status" = %s WHERE ("bookings"."event_id" = %s AND id = %s)',
    "DELETE FROM waitlists WHERE id = %s AND event_id = %s",
    'SELECT * FROM "bookings" WHERE "event_id" = %s AND id = 1 FOR NO KEY UPDATE OF "bookings"',
    'SELECT * FROM "bookings" WHERE "id" = %s',
    'UPDATE "events" SET "name" = %s WHERE "id" = %s',
    'UPDATE "users" SET "role" = %s WHERE "id" = %s',
    "INSERT INTO bookings (id) VALUES (1) ON CONFLICT DO NOTHING",
]


@pytest.mark.parametrize("statement", MISSING)
def test_statement_without_its_event_is_seen(statement):
    assert tables_without_event(statement)


@pytest.mark.parametrize("statement", FINE)
def test_statement_with_its_event_goes_through(statement):
    assert not tables_without_event(statement)


def test_tables_are_those_of_the_models():
    assert {"bookings", "tickets", "payments", "waitlists", "waitlist_promotions"} <= owned_tables()
    assert "events" not in owned_tables()
    assert "users" not in owned_tables()


@pytest.mark.django_db
def test_what_a_test_writes_is_its_own_and_what_the_application_writes_is_not():
    rows = Booking.objects.filter(pk=BookingFactory().pk)
    assert rows.update(cancel_reason="") == 1

    as_application = compile("rows.update(cancel_reason='')", BASE_DIR / "bookings/x.py", "eval")
    with pytest.raises(EventNotNamed, match="bookings without event_id"):
        eval(as_application, {"rows": rows})
