"""Every table under every role, with statements that filter nothing.

What each statement reads, changes, deletes and inserts is compared with a table written out by
hand (`tests.role_rights`), row by row. It runs as the application's login, under the roles that
requests and tasks take; the rows are the owner's (`tests.walked_rows`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg import errors

from evently.accounts.identity import identity_of
from evently.accounts.models import User
from evently.database.grants import application_role
from evently.database.identity import VISITOR, WORKER, DatabaseRole, Identity, acting_as, as_worker
from evently.row_security.tables import quoted
from evently.tests.database import as_owner, as_owner_at_once
from evently.tests.sql import run
from tests import role_rights, walked_rows
from tests.role_rights import VERBS
from tests.walked_world import World

pytestmark = pytest.mark.django_db(transaction=True)

# Columns that may get another value without any constraint minding.
FREE_COLUMNS = """
    SELECT quote_ident(a.attname), CASE WHEN a.atthasdef THEN 'DEFAULT' ELSE 'NULL' END
    FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.atthasdef OR NOT a.attnotnull) AND a.attgenerated = '' AND a.attidentity = ''
        AND has_column_privilege(%s, a.attrelid, a.attnum, 'UPDATE')
        AND NOT EXISTS (SELECT FROM pg_constraint c
            WHERE c.conrelid = a.attrelid AND c.contype <> 'n' AND a.attnum = ANY (c.conkey))
        AND NOT EXISTS (SELECT FROM pg_index i
            WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey))
    LIMIT 1
"""
INSERTABLE = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
# Framework tables and words, which name no person by a column.
WITHOUT_PEOPLE = {
    "auth_group",
    "auth_group_permissions",
    "cold_files",
    "early_reports",
    "roll_ups",
}


class Refused(Exception):
    """The role lacks the privilege, or its policies refuse the row. by_row: the latter."""

    def __init__(self, *, by_row: bool) -> None:
        self.by_row = by_row


class Reached(Exception):
    """The statement failed for another reason: a row was reached."""


@contextmanager
def trying(identity: Identity) -> Iterator[None]:
    """Run a block as somebody, and undo it. Raises Refused or Reached."""
    try:
        with acting_as(identity), transaction.atomic():
            yield
            transaction.set_rollback(True)
    except DatabaseError as error:
        if isinstance(error.__cause__, errors.InsufficientPrivilege):
            raise Refused(by_row="row-level security" in str(error)) from error
        raise Reached(str(error)) from error


@dataclass
class Walk:
    """What a role does with one table."""

    world: World
    table: str
    key: str
    name: str = field(init=False)
    # Place and contents of all rows, by their keys, as the owner reads them.
    rows: dict[str, tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.name = quoted(self.table)
        place = "NULL" if self.table in role_rights.VIEWS else "ctid::text"
        found = as_owner_at_once(
            f"SELECT {self.key}::text, {place}, to_jsonb(t)::text FROM {self.name} t"
        )
        self.rows = {key: (place, contents) for key, place, contents in found}

    @cached_property
    def columns(self) -> str:
        ((found,),) = run(INSERTABLE, self.name)
        return str(found)

    def places(self) -> dict[str, str]:
        with as_worker():
            return dict(run(f"SELECT {self.key}::text, ctid::text FROM {self.name}"))

    def select(self, identity: Identity) -> set[str]:
        with trying(identity):
            run(f"SELECT * FROM {self.name}")
            return {key for (key,) in run(f"SELECT {self.key}::text FROM {self.name}")}

    def update(self, identity: Identity) -> set[str]:
        # Without reading a column, so that no policy but that of updates counts.
        free = run(FREE_COLUMNS, self.name, identity.role.value)
        column, value = free[0] if free else (self.key, self.key)
        return self._changed(identity, f"UPDATE {self.name} SET {column} = {value}")

    def delete(self, identity: Identity) -> set[str]:
        return self._changed(identity, f"DELETE FROM {self.name}")

    def _changed(self, identity: Identity, statement: str) -> set[str]:
        """Return the rows that a statement changes or deletes."""
        try:
            with trying(identity):
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    count = cursor.rowcount
                now = self.places() if count else {}
                changed = {key for key, (place, _) in self.rows.items() if now.get(key) != place}
                return changed if count else set()
        except Reached:  # a foreign key, which does not say of which row
            return {key for key in self.rows if self._changes(identity, statement, key)}

    def _changes(self, identity: Identity, statement: str, key: str) -> bool:
        try:
            with trying(identity), connection.cursor() as cursor:
                cursor.execute(f"{statement} WHERE {self.key}::text = %s", [key])
                return cursor.rowcount > 0
        except Reached:
            return True

    def insert(self, identity: Identity) -> set[str]:
        """Return the rows of which a copy would be accepted, were it not one."""
        found = set()
        for key, (_, contents) in self.rows.items():
            try:
                with trying(identity):
                    run(
                        f"INSERT INTO {self.name} ({self.columns}) OVERRIDING SYSTEM VALUE"
                        f" SELECT {self.columns} FROM jsonb_populate_record(NULL::{self.name}, %s)",
                        contents,
                    )
                found.add(key)
            except Reached:
                found.add(key)
            except Refused as refused:
                if not refused.by_row:
                    return set()
        return found

    def reached(self, identity: Identity, verb: str) -> set[str]:
        try:
            found: set[str] = getattr(self, verb)(identity)
        except Refused:
            return set()
        return found

    def allowed(self, identity: Identity, person: str | None, verb: str) -> set[str]:
        """Return the rows that the table of rights allows."""
        role = identity.role.value
        if "all" in role_rights.scopes(self.table, role)[verb]:
            return set(self.rows)
        return {
            row.key
            for row in self.world.rows[self.table]
            if role_rights.allows(self.table, role, verb, row, person, self.world)
        }


@pytest.fixture
def world() -> Iterator[World]:
    with walked_rows.filled() as found:
        yield found


def identities(world: World) -> dict[str, Identity]:
    """Return the identities that requests of these people get, by who they are."""
    with as_worker():
        people = {
            name: User.objects.only("role", "is_superuser").get(pk=world.people[name])
            for name in ("X", "Y", "A", "B", "S")
        }
    found = {name: identity_of(user) for name, user in people.items()}
    return {"visitor": VISITOR, "worker": WORKER} | found


def differences(world, tables, verbs=VERBS):
    """Walk tables; return how many walks there were, and where more or fewer rows were reached."""
    everyone = identities(world)
    assert {identity.role for identity in everyone.values()} == set(DatabaseRole)
    walks, found = 0, {"leaks": [], "missing": []}
    with transaction.atomic():
        for table, key in sorted(tables.items()):
            walk = Walk(world, table, key)
            for who, identity in everyone.items():
                for verb in verbs:
                    walks += 1
                    reached = walk.reached(identity, verb)
                    allowed = walk.allowed(identity, who, verb)
                    if leaked := reached - allowed:
                        found["leaks"].append((table, who, verb, len(leaked)))
                    if lacking := allowed - reached:
                        found["missing"].append((table, who, verb, len(lacking)))
        transaction.set_rollback(True)
    return walks, found


def test_it_runs_as_the_login_that_owns_nothing(world):
    for identity in identities(world).values():
        with acting_as(identity):
            ((session, current, is_super),) = run(
                "SELECT session_user, current_user,"
                " (SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles"
                "  WHERE rolname IN (session_user, current_user))"
            )
        assert session == application_role()
        assert current == identity.role
        assert not is_super
    owned = run("SELECT relname FROM pg_class WHERE relowner = %s::regrole", application_role())
    assert owned == []


def test_each_table_has_rows_of_several_people_and_events(world):
    for table in world.keys.keys() - role_rights.SHARED:
        rows = world.rows[table]
        assert len(rows) > 1, f"{table}: tests/walked_rows.py puts no rows in it"
        people = {person for row in rows for person in row.people}
        events = {row.event for row in rows if row.event}
        assert len(people) > 1 or len(events) > 1 or table in WITHOUT_PEOPLE, table


def test_each_role_reaches_the_rows_it_may_and_no_others(world):
    assert world.keys.keys() >= role_rights.TABLES
    walks, found = differences(world, world.keys)

    assert found == {"leaks": [], "missing": []}
    # 41 tables, 5 roles as 7 people, 4 verbs.
    assert walks == len(world.keys) * 7 * 4
    assert walks >= 1148


def test_views_give_each_role_what_it_may_read_of_their_tables(world):
    for view, tables in role_rights.VIEWS.items():
        for who, identity in identities(world).items():
            reached = Walk(world, view, "id").reached(identity, "select")
            walks = [Walk(world, table, "id") for table in tables]
            allowed = [walk.allowed(identity, who, "select") for walk in walks]
            assert reached == set().union(*allowed), (view, who)
            if who in ("X", "A"):
                assert all(allowed), "rows of each table are looked at"


def test_partitions_give_no_rows_to_any_role(world):
    with transaction.atomic():
        for table, key in world.partitions.items():
            walk = Walk(world, table, key)
            for identity in identities(world).values():
                for verb in VERBS:
                    assert walk.reached(identity, verb) == set(), (table, identity.role, verb)
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("verb", "clauses"),
    [
        ("select", "USING (true)"),
        ("update", "USING (true) WITH CHECK (true)"),
        ("insert", "WITH CHECK (true)"),
    ],
)
def test_a_policy_that_gives_too_much_is_noticed(world, verb, clauses):
    with as_owner() as owner:
        owner.execute(
            f"CREATE POLICY careless ON waitlists FOR {verb} TO evently_attendee {clauses}"
        )
    try:
        _, found = differences(world, {"waitlists": "id"}, [verb])
    finally:
        with as_owner() as owner:
            owner.execute("DROP POLICY careless ON waitlists")
    assert {(who, what) for _, who, what, _ in found["leaks"]} == {("X", verb), ("Y", verb)}
