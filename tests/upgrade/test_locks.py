"""Migrations made after a dump take only short locks on large tables.

The judge itself is tried on made-up migrations: what it accepts and what it refuses.
"""

import pytest
from django.db import connections, migrations, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from evently.database.versioned import replace_function
from evently.management.commands.migrate import short_lock_waits, wait_briefly
from tests.upgrade.locks import judged
from tests.upgrade.restoring import django_in, new_database

# Migrations that may take long locks, with the reason: (app, name) to a sentence.
ACCEPTED: dict[tuple[str, str], str] = {}

REWRITES = "rewrites"
READS = "reads all of"
WAITS_LONG = "without a short lock_timeout, blocks writes to"

ACCEPTABLE = {
    "nullable column": ["ALTER TABLE bookings ADD COLUMN note text"],
    "column with a constant default": [
        "ALTER TABLE bookings ADD COLUMN seen boolean DEFAULT false NOT NULL",
        "ALTER TABLE bookings ALTER COLUMN seen DROP DEFAULT",
    ],
    "nullable column on a partitioned table": ["ALTER TABLE notifications ADD COLUMN note text"],
    "dropped column": ["ALTER TABLE bookings DROP COLUMN idempotency_key"],
    "wider text type": ["ALTER TABLE events ALTER COLUMN timezone TYPE varchar(500)"],
    "check without validation": [
        "ALTER TABLE bookings ADD CONSTRAINT chk_new CHECK (quantity < 11) NOT VALID"
    ],
    "foreign key without validation": [
        "ALTER TABLE tickets ADD CONSTRAINT fk_new FOREIGN KEY (checked_in_by_id)"
        " REFERENCES users (id) NOT VALID"
    ],
    "new table with a foreign key": [
        "CREATE TABLE new_one (user_id uuid)",
        "ALTER TABLE new_one ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID",
    ],
    "trigger": [
        "CREATE TRIGGER trg_new BEFORE UPDATE ON bookings"
        " FOR EACH ROW EXECUTE FUNCTION evently_bookings_update()"
    ],
    "long read without a lock": ["SELECT count(*) FROM bookings"],
    "index of a small table": ["CREATE INDEX idx_new ON event_staff (role)"],
    "comment": ["COMMENT ON COLUMN bookings.quantity IS 'seats'"],
}
UNACCEPTABLE = {
    "column with a volatile default": (
        ["ALTER TABLE bookings ADD COLUMN token uuid DEFAULT gen_random_uuid()"],
        [("bookings", REWRITES)],
    ),
    "other type": (
        ["ALTER TABLE bookings ALTER COLUMN quantity TYPE bigint"],
        [("bookings", REWRITES)],
    ),
    "type of a partitioned table": (
        ["ALTER TABLE notifications ALTER COLUMN delivered_at TYPE date"],
        [("notifications_default", REWRITES)],
    ),
    "wider text type of an indexed column": (
        ["ALTER TABLE events ALTER COLUMN venue TYPE varchar(500)"],
        [("events", READS)],
    ),
    "index": (
        ["CREATE INDEX idx_new ON bookings (updated_at)"],
        [("bookings", "while writes to bookings wait, reads all of")],
    ),
    "index of a partitioned table": (
        ["CREATE INDEX idx_new ON notifications (sent_at)"],
        [("notifications_default", READS)],
    ),
    "unique constraint": (
        ["ALTER TABLE bookings ADD CONSTRAINT unq_new UNIQUE (id, user_id)"],
        [("bookings", READS)],
    ),
    "check": (
        ["ALTER TABLE bookings ADD CONSTRAINT chk_new CHECK (quantity < 11)"],
        [("bookings", READS)],
    ),
    "foreign key": (
        [
            "ALTER TABLE tickets ADD CONSTRAINT fk_new FOREIGN KEY (checked_in_by_id)"
            " REFERENCES users (id)"
        ],
        [("tickets", "while writes to tickets, users wait, reads all of")],
    ),
    "not null": (
        [
            "ALTER TABLE notifications ALTER COLUMN read DROP NOT NULL",
            "ALTER TABLE notifications ALTER COLUMN read SET NOT NULL",
        ],
        [("notifications_default", READS)],
    ),
    "lock, then read": (
        ["ALTER TABLE events ADD COLUMN note text", "SELECT count(*) FROM bookings"],
        [("bookings", "while writes to events wait, reads all of")],
    ),
    "no lock_timeout": (
        ["SET LOCAL lock_timeout = 0", "ALTER TABLE users ADD COLUMN note text"],
        [("users", WAITS_LONG)],
    ),
    "long lock_timeout": (
        ["SET LOCAL lock_timeout = '10min'", "ALTER TABLE users ADD COLUMN note text"],
        [("users", WAITS_LONG)],
    ),
    "several statements at once": (
        ["SELECT 1; CREATE INDEX idx_new ON users (created_at); SELECT 2"],
        [("users", READS)],
    ),
    "lock by name": (
        ["LOCK TABLE bookings; SELECT count(*) FROM bookings"],
        [("bookings", READS)],
    ),
}


@pytest.fixture(scope="module")
def shared(restored):
    """Make one copy for all tests of the judge."""
    with new_database(template=restored) as name:
        yield name


@pytest.fixture
def kept(shared):
    """Connect as the owner, as the command does; what the test does stays."""
    with django_in(shared), short_lock_waits(connections["owner"]):
        yield connections["owner"]


@pytest.fixture
def undone(shared):
    """Connect as the owner, and roll back what the test does."""
    with (
        django_in(shared),
        short_lock_waits(connections["owner"]),
        transaction.atomic(using="owner"),
    ):
        yield connections["owner"]
        transaction.set_rollback(True, using="owner")


def run(connection, operations, *, atomic=True):
    """Run operations as those of one migration, and return what the judge found."""
    with judged(connection) as problems, connection.schema_editor(atomic=atomic) as editor:
        for operation in operations:
            operation.database_forwards("bookings", editor, ProjectState(), ProjectState())
    return problems


def test_later_migrations_take_short_locks(copy_of_restored):
    connection = connections["owner"]
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    found = []
    with short_lock_waits(connection):
        for migration, _ in plan:
            key = (migration.app_label, migration.name)
            wait_briefly(connection)  # as the command does before each
            with judged(connection) as problems:
                MigrationExecutor(connection).migrate([key])
            if key not in ACCEPTED:
                found += [f"{migration} {problem}" for problem in problems]
    # docs/changing-the-database.md says how to take short locks.
    assert not found, "\n".join(found)


def test_accepted_migrations_exist():
    assert ACCEPTED.keys() <= MigrationLoader(None).disk_migrations.keys()


@pytest.mark.parametrize("name", ACCEPTABLE)
def test_judge_accepts(name, undone):
    assert run(undone, [migrations.RunSQL(sql) for sql in ACCEPTABLE[name]]) == []


@pytest.mark.parametrize("name", UNACCEPTABLE)
def test_judge_refuses(name, undone):
    statements, expected = UNACCEPTABLE[name]

    problems = run(undone, [migrations.RunSQL(sql) for sql in statements])

    for table, what in expected:
        assert [p for p in problems if p.table == table and p.what.endswith(what)], problems


def test_judge_sees_migrations_without_a_transaction(kept):
    statement = "CREATE INDEX idx_new_users ON users (created_at)"
    problems = run(kept, [migrations.RunSQL(statement)], atomic=False)
    assert [problem.table for problem in problems] == ["users"]


def test_judge_accepts_an_index_made_concurrently(kept):
    statement = "CREATE INDEX CONCURRENTLY idx_new_bookings ON bookings (updated_at)"
    assert run(kept, [migrations.RunSQL(statement)], atomic=False) == []


@pytest.mark.parametrize("atomic", [True, False])
def test_judge_accepts_a_constraint_validated_later(atomic, kept):
    name = f"chk_new_{atomic}"
    first = f"ALTER TABLE bookings ADD CONSTRAINT {name} CHECK (quantity < 11) NOT VALID"
    then = f"ALTER TABLE bookings VALIDATE CONSTRAINT {name}"
    assert run(kept, [migrations.RunSQL(first)], atomic=atomic) == []
    assert run(kept, [migrations.RunSQL(then)], atomic=atomic) == []


def test_judge_refuses_a_constraint_validated_in_the_same_transaction(undone):
    first = "ALTER TABLE tickets ADD CONSTRAINT chk_new CHECK (secret <> '') NOT VALID"
    then = "ALTER TABLE tickets VALIDATE CONSTRAINT chk_new"
    problems = run(undone, [migrations.RunSQL(first), migrations.RunSQL(then)])
    assert [problem.table for problem in problems] == ["tickets"]


def test_judge_accepts_a_replaced_function(undone):
    operation = replace_function("waitlists", "ledger_bookings", version=1, previous=None)
    assert run(undone, [operation]) == []


def test_judge_sees_operations_in_python(undone):
    def build(apps, schema_editor):
        schema_editor.execute("CREATE INDEX idx_new ON waitlists (created_at)")

    problems = run(undone, [migrations.RunPython(build)])
    assert [problem.table for problem in problems] == ["waitlists"]
