"""An analyst who is connected to the test database, and rows that are months old."""

from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from bookings.factories import BookingFactory
from boxoffice.analysts import roles
from boxoffice.analysts.rotation import rotate_pseudonyms
from evently.accounts.factories import UserFactory
from evently.tests.database import as_owner
from events.factories import EventFactory

# Rows are of the months before this moment.
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def rewrite(table, ids, **values):
    """Change rows, without the triggers that refuse it."""
    changes = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values]
    with as_owner() as owner:
        for verb in ("DISABLE", "ENABLE"):
            owner.execute(
                sql.SQL(f"ALTER TABLE {{}} {verb} TRIGGER USER").format(sql.Identifier(table))
            )
            if verb == "DISABLE":
                owner.execute(
                    sql.SQL("UPDATE {} SET {} WHERE id = ANY (%s)").format(
                        sql.Identifier(table), sql.SQL(", ").join(changes)
                    ),
                    [*values.values(), list(ids)],
                )


def october(day, hour=12):
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def book(event, users, at, *, quantity=1, price=0):
    """Insert a booking of each user, made at this time."""
    made = [BookingFactory(event=event, user=user, quantity=quantity) for user in users]
    rewrite(
        *("bookings", [booking.pk for booking in made]),
        created_at=at,
        unit_price=price,
        total_amount=price * quantity,
    )
    return made


def people(count):
    return [UserFactory() for _ in range(count)]


def old_event(**values):
    """Return an event of next year, published long ago."""
    event = EventFactory(total_capacity=1000, max_per_booking=10, **values)
    rewrite(
        *("events", [event.pk]),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        published_at=datetime(2026, 1, 2, tzinfo=UTC),
        event_date=datetime(2027, 3, 1, tzinfo=UTC),
    )
    event.refresh_from_db()
    return event


@pytest.fixture
def now(transactional_db, clock):
    """Stop the clock, with a key for that month."""
    clock.stop(NOW)
    rotate_pseudonyms(using="owner", at_once=True)
    return clock


@pytest.fixture
def login(transactional_db):
    """Create an analyst; return how to connect as one."""
    owner = connections["owner"]
    group, name = roles.group_of(owner), f"ana_{connections['owner'].settings_dict['NAME']}"
    password = roles.create_analyst(owner, name)
    where = owner.get_connection_params()
    yield {
        "host": where["host"],
        "port": where["port"],
        "dbname": where["dbname"],
        "user": name,
        "password": password,
    }
    roles.drop_analyst(owner, name)
    with as_owner() as connection:
        for statement in (
            "REVOKE ALL ON ALL TABLES IN SCHEMA analytics FROM {}",
            "REVOKE ALL ON SCHEMA analytics FROM {}",
            "DROP ROLE {}",
        ):
            connection.execute(sql.SQL(statement).format(sql.Identifier(group)))


@pytest.fixture
def analyst(login):
    """Connect as an analyst."""
    with closing(psycopg.connect(**login, autocommit=True)) as connection:
        yield connection
