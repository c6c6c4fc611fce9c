"""The audit log by plain SQL: what it logs, what it omits, and that it cannot be changed."""

import json
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from evently.accounts.factories import UserFactory
from evently.audit.migration import audited
from evently.audit.models import AuditLog
from evently.tests.database import as_owner
from evently.tests.sql import assert_refused

pytestmark = pytest.mark.django_db

SCRATCH = """
    CREATE TABLE scratch (
        id uuid PRIMARY KEY DEFAULT evently_uuid7(), event_id uuid, label text,
        position int DEFAULT 1, available_seats int DEFAULT 1, updated_at timestamptz,
        secret text, code text, facts jsonb, price numeric(10, 2));
    CREATE TABLE scratch_parts (
        id uuid DEFAULT evently_uuid7(), parent_id uuid REFERENCES scratch ON DELETE CASCADE,
        PRIMARY KEY (id));
    GRANT SELECT, INSERT, UPDATE, DELETE ON scratch, scratch_parts TO PUBLIC;
"""


@pytest.fixture
def scratch():
    """Create a table with audit triggers, and drop it again."""
    with as_owner() as owner:
        owner.execute(SCRATCH)
        for operation in [*audited("scratch", redact=["code"]), *audited("scratch_parts")]:
            owner.execute(operation.sql)
    yield
    connection.close()
    with as_owner() as owner:
        owner.execute("DROP TABLE scratch_parts, scratch")


def execute(sql, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def changes(table="scratch"):
    rows = AuditLog.objects.filter(table_name=table).order_by("id")
    return [(row.action, row.before, row.after) for row in rows]


@pytest.mark.django_db(transaction=True)
class TestWhatIsKept:
    def test_insert(self, scratch):
        event_id = uuid4()
        [(row_id,)] = execute(
            "INSERT INTO scratch (event_id, label, secret, price) VALUES (%s, 'a', 's', 12.5)"
            " RETURNING id",
            event_id,
        )

        entry = AuditLog.objects.get()
        assert (entry.table_name, entry.row_id, entry.event_id) == ("scratch", row_id, event_id)
        assert (entry.action, entry.before) == ("insert", None)
        assert entry.after == {
            "id": str(row_id),
            "event_id": str(event_id),
            "label": "a",
            "secret": "[redacted]",
            "code": None,
            "facts": None,
            "price": 12.5,
        }

    def test_update_logs_changed_columns_only(self, scratch):
        execute("INSERT INTO scratch (label, facts) VALUES ('a', '{\"x\": 1}'), ('b', null)")
        AuditLog.objects.count()

        execute("UPDATE scratch SET label = 'c', facts = '{\"x\": 2}' WHERE label = 'a'")

        assert changes()[2:] == [
            ("update", {"label": "a", "facts": {"x": 1}}, {"label": "c", "facts": {"x": 2}})
        ]

    def test_update_redacts_secrets(self, scratch):
        execute("INSERT INTO scratch (secret) VALUES ('old')")

        execute("UPDATE scratch SET secret = 'new', code = 'c'")
        execute("UPDATE scratch SET secret = null")

        assert changes()[1:] == [
            (
                "update",
                {"secret": "[redacted]", "code": None},
                {"secret": "[redacted]", "code": "[redacted]"},
            ),
            ("update", {"secret": "[redacted]"}, {"secret": None}),
        ]

    def test_update_of_derived_columns_is_not_logged(self, scratch):
        execute("INSERT INTO scratch (label) VALUES ('a')")

        execute("UPDATE scratch SET position = 7, available_seats = 3, updated_at = now()")
        execute("UPDATE scratch SET label = 'a'")

        assert len(changes()) == 1

    def test_update_omits_derived_columns(self, scratch):
        execute("INSERT INTO scratch (label) VALUES ('a')")

        execute("UPDATE scratch SET position = 7, label = 'b'")

        assert changes()[1:] == [("update", {"label": "a"}, {"label": "b"})]

    def test_delete(self, scratch):
        execute("INSERT INTO scratch (label, secret) VALUES ('a', 's')")

        execute("DELETE FROM scratch")

        [_, (action, before, after)] = changes()
        assert (action, before["label"], before["secret"], after) == (
            "delete",
            "a",
            "[redacted]",
            None,
        )

    def test_cascades_are_logged(self, scratch):
        [(row_id,)] = execute("INSERT INTO scratch (label) VALUES ('a') RETURNING id")
        execute("INSERT INTO scratch_parts (parent_id) VALUES (%s), (%s)", row_id, row_id)

        execute("DELETE FROM scratch")

        assert [action for action, _, _ in changes("scratch_parts")] == [
            "insert",
            "insert",
            "delete",
            "delete",
        ]

    def test_upserts_are_logged(self, scratch):
        row_id = uuid4()
        for label in ("a", "b"):
            execute(
                "INSERT INTO scratch (id, label) VALUES (%s, %s)"
                " ON CONFLICT (id) DO UPDATE SET label = excluded.label",
                row_id,
                label,
            )
        execute("INSERT INTO scratch (id) VALUES (%s) ON CONFLICT DO NOTHING", row_id)

        assert [action for action, _, _ in changes()] == ["insert", "update"]

    def test_rollback_removes_the_log_rows(self, scratch):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            execute("INSERT INTO scratch (label) VALUES ('a')")
            raise ZeroDivisionError

        assert changes() == []

    def test_one_statement_on_many_rows_logs_each(self, scratch):
        execute("INSERT INTO scratch (label) SELECT g::text FROM generate_series(1, 500) g")
        execute("UPDATE scratch SET label = label || '!' WHERE label::int <= 300")

        rows = changes()
        assert len(rows) == 800
        assert all(after["label"] == before["label"] + "!" for _, before, after in rows[500:])

    @pytest.mark.slow
    def test_plan_for_one_row_stays_fast_for_twenty_thousand(self, scratch):
        execute("INSERT INTO scratch (label) VALUES ('one')")
        execute("UPDATE scratch SET label = 'first'")
        execute("INSERT INTO scratch (position) SELECT g FROM generate_series(1, 20000) g")

        with connection.cursor() as cursor:
            # Ends a nested loop over transition tables, which would go on and on.
            cursor.execute("SET statement_timeout = '60s'")
            cursor.execute("UPDATE scratch SET position = position + 1")
            cursor.execute("RESET statement_timeout")

        assert AuditLog.objects.filter(action="update").count() == 1

    def test_events_carry_their_own_id(self, scratch):
        with as_owner() as owner:
            event_id = uuid4()
            owner.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.events (id uuid)")
            for operation in audited("elsewhere.events"):
                owner.execute(operation.sql)
            owner.execute("INSERT INTO elsewhere.events VALUES (%s)", [event_id])
            owner.execute("DROP SCHEMA elsewhere CASCADE")

        entry = AuditLog.objects.get()
        assert (entry.row_id, entry.event_id) == (event_id, event_id)


class TestWhoActed:
    def stamped(self, **settings):
        with transaction.atomic(), connection.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute(f"SET LOCAL evently.{name} = '{value}'")
            user = UserFactory()
        entry = AuditLog.objects.get(table_name="users", row_id=user.pk)
        return entry.actor, entry.via, entry.request_id

    def test_actor_comes_from_the_transactions_settings(self):
        actor = str(uuid4())

        stamped = self.stamped(actor=actor, via="api", request_id="r-1")

        assert stamped == (actor, "api", "r-1")

    def test_actor_is_the_database_role_by_default(self):
        role = connection.settings_dict["USER"]

        assert self.stamped() == (role, "sql", "")
        assert self.stamped(actor="", via="", request_id="") == (role, "sql", "")

    def test_an_unknown_interface_does_not_fail_the_write(self):
        assert self.stamped(via="carrier pigeon")[1] == "sql"

    def test_settings_end_with_the_transaction(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(current_setting('evently.actor', true), '')")
            assert cursor.fetchone() == ("",)


class TestAppendOnly:
    STATEMENTS = (
        "UPDATE audit_log SET actor = 'somebody else'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log (table_name, row_id, action, actor)"
        " VALUES ('users', evently_uuid7(), 'insert', 'me')",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TRIGGER trg_append_only ON audit_log",
        "ALTER TABLE users DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    )

    @pytest.mark.parametrize("statement", STATEMENTS)
    def test_the_application_may_only_read(self, statement):
        UserFactory()

        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            execute(statement)
        assert AuditLog.objects.filter(table_name="users").count() == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("statement", STATEMENTS[:2])
    def test_the_owner_may_not_change_what_is_written(self, statement):
        UserFactory()

        with as_owner() as owner, pytest.raises(psycopg.Error, match="append-only") as refusal:
            owner.execute(statement)
        assert_refused(refusal.value, "trg_append_only")

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("statement", STATEMENTS[:4])
    def test_a_role_with_all_rights_still_fails(self, statement):
        """Grants given by mistake do not make the audit log writable."""
        UserFactory()
        with as_owner() as owner:
            owner.execute("GRANT ALL ON audit_log TO PUBLIC")
        try:
            with pytest.raises(ProgrammingError, match="append-only"):
                execute(statement)
        finally:
            with as_owner() as owner:
                owner.execute("REVOKE ALL ON audit_log FROM PUBLIC")

    @pytest.mark.django_db(transaction=True)
    def test_the_owner_may_empty_it(self):
        UserFactory()

        with as_owner() as owner:
            owner.execute("TRUNCATE audit_log")

        assert AuditLog.objects.count() == 0


WRITTEN = (
    "INSERT INTO audit_log (id, table_name, row_id, action, actor, via)"
    " VALUES (%s, 'users', evently_uuid7(), %s, 'me', %s)"
)


@pytest.mark.parametrize("action", ["insert", "update", "delete"])
@pytest.mark.parametrize("via", ["page", "api", "admin", "task", "shell", "sql"])
def test_checks_accept_all_actions_and_interfaces(action, via):
    with as_owner() as owner:
        owner.execute(WRITTEN, [uuid4(), action, via])
        owner.rollback()


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("audit_log_pkey", {}),
        ("chk_audit_action", {"id": UUID(int=2), "action": "read"}),
        ("chk_audit_via", {"id": UUID(int=2), "via": "pigeon"}),
    ],
)
def test_checks_refuse_other_values_from_the_owner_too(constraint, columns):
    """The application's role may not write at all, so this runs as the owner."""
    given = {"id": UUID(int=1), "action": "insert", "via": "sql"}
    with as_owner() as owner:
        owner.execute(WRITTEN, list(given.values()))
        with pytest.raises(psycopg.IntegrityError) as refusal, owner.transaction():
            owner.execute(WRITTEN, list((given | columns).values()))
        owner.rollback()
    assert_refused(refusal.value, constraint)


def test_users_are_audited():
    user = UserFactory()
    execute("UPDATE users SET role = 'admin' WHERE id = %s", user.pk)

    row = AuditLog.objects.get(row_id=user.pk, action="update")
    assert (row.table_name, row.before, row.after) == (
        "users",
        {"role": "user"},
        {"role": "admin"},
    )
    assert isinstance(row.pk, UUID)
    assert json.dumps(row.after)


@pytest.mark.parametrize("name", ["users; DROP TABLE users", "Users", "us'ers", ""])
def test_audited_takes_plain_names_only(name):
    with pytest.raises(ValueError, match="plain name"):
        audited(name)
    with pytest.raises(ValueError, match="plain name"):
        audited("users", ignore=[name])
