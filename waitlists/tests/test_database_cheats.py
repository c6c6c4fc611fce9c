"""Ways around the ledger that the application's database role must not have."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from evently.tests.database import AS_WORKER, as_owner
from evently.tests.rows import book, check_everything, event, free_seats, full_event, person, wait
from evently.tests.sql import assert_refused, refused, run, value

pytestmark = pytest.mark.django_db

FORBIDDEN = [
    # Disabling triggers and constraints.
    "ALTER TABLE bookings DISABLE TRIGGER ALL",
    "ALTER TABLE bookings DISABLE TRIGGER trg_bookings_ledger_insert",
    "SET session_replication_role = replica",
    "DROP TRIGGER trg_bookings_ledger_insert ON bookings",
    "ALTER TABLE events DROP CONSTRAINT chk_event_capacity",
    "CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    "DROP FUNCTION evently_clock() CASCADE",
    # Creating objects, to run trigger functions with forged rows or as another role.
    "CREATE TEMP TABLE forged (event_id uuid)",
    "CREATE TABLE forged (event_id uuid)",
    "CREATE SCHEMA forged",
    "CREATE FUNCTION public.forged() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.forged() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TRIGGER forged AFTER INSERT ON bookings FOR EACH ROW"
    " EXECUTE FUNCTION evently_rank_line()",
    "CREATE RULE forged AS ON INSERT TO bookings DO INSTEAD NOTHING",
    "DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE forged (id int)'; END $$",
    # Helper functions that run with their owner's rights.
    "SELECT evently_move_seats(id, -5) FROM events",
    "SELECT evently_lock_event(id) FROM events",
    "SELECT evently_seats_of_person(id, created_by_id, NULL) FROM events",
    "SELECT evently_somebody_fits(id, 1) FROM events",
    "SELECT evently_ledger_bookings()",
    "SELECT evently_recount_seats()",
    # Secrets, sequences and other names.
    "SELECT key FROM secrets.booking_reference_key",
    "UPDATE secrets.booking_reference_key SET key = ''",
    "SELECT setval('booking_reference_number', 1)",
    "ALTER SEQUENCE booking_reference_number RESTART",
    "SET ROLE evently_owner",
    "SET SESSION AUTHORIZATION evently_owner",
    "TRUNCATE waitlist_promotions",
    "COPY events TO PROGRAM 'cat'",
    "UPDATE pg_catalog.pg_trigger SET tgenabled = 'D'",
    "INSERT INTO audit_log (table_name, row_id, action, actor)"
    " SELECT 'events', id, 'insert', 'me' FROM events",
    "DELETE FROM audit_log",
]


@pytest.fixture(autouse=True)
def balanced():
    yield
    check_everything()


@pytest.fixture
def full():
    return full_event()[0]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_application_role_may_not(full, statement):
    if connection.settings_dict["USER"] == owner_name():
        pytest.skip("one role does everything here")
    with pytest.raises(DatabaseError), transaction.atomic():
        run(statement)
    assert free_seats(full) == 0


def owner_name():
    with as_owner() as owner:
        return owner.info.user


@pytest.mark.parametrize(
    "setting",
    [
        "evently.price_rule",
        "evently.actor",
        "evently.via",
        "evently.by_trigger",
        "search_path",
    ],
)
def test_session_settings_disable_no_trigger(full, setting):
    for content in ("pg_catalog, public", "x, public"):
        run("SELECT set_config(%s, %s, true)", setting, content)
        run("UPDATE events SET available_seats = 10, version = 9")
        assert free_seats(full) == 0
        with refused("trg_seats_available"):
            book(full)
        with refused("trg_append_only"):
            run(
                "INSERT INTO pricing_history (event_id, old_price, new_price, applied_by)"
                " SELECT id, 1, 2, 'me' FROM events"
            )


def test_trigger_functions_cannot_be_executed():
    """A role that may create tables could otherwise run them on rows of its own."""
    names = run(
        "SELECT p.oid::regprocedure::text FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef"
        " AND p.prorettype = 'trigger'::regtype"
        " AND has_function_privilege(current_user, p.oid, 'EXECUTE')"
    )
    if connection.settings_dict["USER"] != owner_name():
        assert names == []


def test_security_definer_functions_set_their_search_path():
    names = run(
        "SELECT p.oid::regprocedure::text FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef"
        " AND NOT coalesce(array_to_string(p.proconfig, ';'), '') LIKE '%%search_path=%%pg_temp%%'"
    )
    assert names == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_old_snapshot_can_neither_book_nor_join(isolation):
    """trg_read_committed: positions would ignore entries that joined after the snapshot."""
    with transaction.atomic():
        full, open_event, who, other = full_event()[0], event(), person(), person()
    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in ("host", "port", "dbname", "user")}
    password = parameters.get("password", "")
    with psycopg.connect(**wanted, password=password, options=AS_WORKER) as old:
        old.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        old.execute("SELECT count(*) FROM waitlists")
        wait(full, user_id=who)
        for statement, event_id in (
            ("INSERT INTO waitlists (event_id, user_id) VALUES (%s, %s)", full),
            (
                "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
                " VALUES (%s, %s, 1, 0)",
                open_event,
            ),
        ):
            with pytest.raises(psycopg.DatabaseError) as caught, old.transaction():
                old.execute(statement, [event_id, other])
            assert_refused(caught.value, "trg_read_committed")
    assert value("SELECT count(*) FROM waitlists") == 1
