"""Attacks on the audit trail by a client with the application's password, in plain SQL.

Each is refused, or what it changes is recorded as unsigned.
"""

from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from evently.accounts.factories import UserFactory, issued_token
from evently.accounts.models import User
from evently.audit import signing
from evently.audit.context import acting, stamp
from evently.audit.models import AuditLog
from evently.tests.database import AS_WORKER, as_owner, url_of

pytestmark = pytest.mark.django_db(transaction=True)

VICTIM = str(uuid4())
FIELDS = {
    "actor": VICTIM,
    "via": "page",
    "request_id": "",
    "act": str(uuid4()),
    "cause": "",
    "price_rule": "",
    "price_reason": "",
}
PROMOTE = "UPDATE users SET role = 'admin'"


@pytest.fixture
def attacker():
    """A client of the application's role, which is not the application."""
    with psycopg.connect(url_of(), autocommit=True, options=AS_WORKER) as client:
        yield client


@pytest.fixture
def user():
    return UserFactory()


def last_change(table="users"):
    return AuditLog.objects.filter(table_name=table).exclude(action="insert").order_by("id").last()


def claim(client, fields, *, local=True):
    for name, content in fields.items():
        client.execute("SELECT set_config(%s, %s, %s)", (f"evently.{name}", content, local))


def signature(client, **options):
    process = client.info.backend_pid
    return {"signature": signing.sign(FIELDS.values(), process=process, **options)}


def is_signed(client):
    return client.execute("SELECT audit_signed()").fetchone()[0]


# --- Signatures of others ---


def test_a_signature_for_a_process_id_that_comes_again_does_not_fit(attacker):
    """As if the client had opened connections until one got the id of a connection that ended."""
    stolen = signature(attacker, session=settings.DATABASE_SESSION)
    with attacker.transaction():
        claim(attacker, FIELDS | stolen)
        assert not is_signed(attacker)
        for guess in ("", "0", "f" * 32, "\x1f"):
            attacker.execute("SELECT set_config('evently.session', %s, true)", [guess])
            assert not is_signed(attacker)


def test_a_signature_of_an_earlier_release_fits_its_process(attacker):
    with attacker.transaction():
        claim(attacker, FIELDS | signature(attacker, session=""))
        assert is_signed(attacker)


def test_what_others_send_shows_no_name_of_a_session(attacker, user):
    attacker.execute("SET ROLE NONE")  # under a role, it would not even see this much
    with transaction.atomic():
        stamp(connection)
        seen = attacker.execute(
            "SELECT query FROM pg_stat_activity WHERE pid = %s",
            [connection.connection.info.backend_pid],
        ).fetchone()[0]
        assert "evently.signature" in seen
        everything = attacker.execute("SELECT string_agg(a::text, '') FROM pg_stat_activity a")
        assert settings.DATABASE_SESSION not in everything.fetchone()[0]
        attacker.execute("SET ROLE evently_worker")
        # The whole of it, sent by another client.
        with attacker.transaction():
            attacker.execute(seen)
            assert not is_signed(attacker)
            attacker.execute(PROMOTE)
    assert last_change().signed is False
    assert last_change().db_role == connection.settings_dict["USER"]


@pytest.mark.parametrize("local", [True, False])
def test_a_copied_signature_is_no_signature(attacker, user, local):
    with transaction.atomic(), acting(actor=VICTIM, via="page"):
        stamp(connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('evently.signature')")
            copied = {"signature": cursor.fetchone()[0]}
    with attacker.transaction():
        claim(attacker, FIELDS | copied, local=local)
        attacker.execute(PROMOTE)
    change = last_change()
    assert (change.signed, change.actor, change.via) == (False, VICTIM, "page")


def test_audit_set_context_signs_nothing(attacker, user):
    with attacker.transaction():
        attacker.execute(
            "SELECT audit_set_context(%s)", [[*FIELDS.values(), f"1{'0' * 9}.{'0' * 64}"]]
        )
        attacker.execute(PROMOTE)
    assert last_change().signed is False


def test_no_field_takes_the_place_of_another(attacker):
    """The application's own separator in a field moves no other field."""
    shifted = FIELDS | {"actor": f"{VICTIM}\x1fpage", "via": ""}
    with attacker.transaction():
        claim(attacker, shifted | signature(attacker, session=""))
        assert not is_signed(attacker)
    joined = FIELDS | {"price_reason": f"\x1f{settings.DATABASE_SESSION[:-1]}"}
    with attacker.transaction():
        claim(attacker, joined | signature(attacker, session=settings.DATABASE_SESSION))
        assert not is_signed(attacker)


def test_a_signature_ends_with_its_transaction(user):
    with transaction.atomic():
        stamp(connection)
        assert signing.is_signed(connection)
    assert not signing.is_signed(connection)
    User.objects.filter(pk=user.pk).update(role="admin")
    assert last_change().signed is False


# --- Ways to write that a trigger might miss ---


@pytest.mark.parametrize(
    "statement",
    [
        "MERGE INTO users u USING (SELECT id FROM users) v ON u.id = v.id"
        " WHEN MATCHED THEN UPDATE SET role = 'admin'",
        "INSERT INTO users SELECT * FROM users ON CONFLICT (id) DO UPDATE SET role = 'admin'",
        "WITH changed AS (UPDATE users SET role = 'admin' RETURNING id) SELECT * FROM changed",
        "PREPARE promote AS UPDATE users SET role = 'admin'; EXECUTE promote",
        "DO $$ BEGIN EXECUTE 'UPDATE users SET role = ''admin'''; END $$",
        "BEGIN; SAVEPOINT a; UPDATE users SET role = 'admin'; RELEASE a; COMMIT",
        "SET search_path = ''; UPDATE public.users SET role = 'admin'",
        "SET search_path = pg_temp, public; UPDATE users SET role = 'admin'",
        "SET CONSTRAINTS ALL DEFERRED; UPDATE users SET role = 'admin'",
        "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL'; UPDATE users SET role = 'admin'",
        "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users; UPDATE users SET role = 'admin'",
    ],
)
def test_each_way_to_update_is_recorded_as_unsigned(attacker, user, statement):
    attacker.execute(sql.SQL(statement))

    change = last_change()
    assert (change.row_id, change.action, change.signed) == (user.pk, "update", False)
    assert change.after["role"] == "admin"
    assert change.db_role == connection.settings_dict["USER"]


def test_rows_are_not_copied_past_the_policies(attacker):
    sealed = f"sealed:v1:{'A' * 40}"
    with (
        pytest.raises(psycopg.errors.FeatureNotSupported),
        attacker.cursor().copy("COPY users (id, email, name, role) FROM STDIN") as copy,
    ):
        copy.write_row((uuid4(), sealed, sealed, "admin"))


def test_what_goes_with_a_user_is_recorded_as_unsigned(attacker, user):
    token = issued_token(user).token
    attacker.execute("DELETE FROM users WHERE id = %s", [user.pk])
    deleted = AuditLog.objects.filter(action="delete")
    assert {(row.table_name, row.row_id, row.signed) for row in deleted} == {
        ("users", user.pk, False),
        ("person_keys", user.pk, False),
        ("api_tokens", token.pk, False),
    }


# --- Ways around the triggers, and to the key ---

REFUSED = [
    # Other roles.
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "GRANT {owner} TO {app}",
    "ALTER ROLE {app} SUPERUSER",
    "ALTER ROLE {app} BYPASSRLS",
    "ALTER ROLE {owner} PASSWORD 'x'",
    "CREATE ROLE mine",
    # Triggers and functions.
    "SET session_replication_role = replica",
    "ALTER ROLE {app} SET session_replication_role = replica",
    "ALTER ROLE {app} SET evently.actor = 'victim'",
    "ALTER TABLE users DISABLE TRIGGER ALL",
    "DROP TRIGGER trg_audit_update ON users",
    "CREATE TRIGGER mine AFTER UPDATE ON users EXECUTE FUNCTION audit_update()",
    "CREATE RULE mine AS ON UPDATE TO users DO INSTEAD NOTHING",
    "CREATE POLICY mine ON users USING (true)",
    "CREATE OR REPLACE FUNCTION audit_signed() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "ALTER FUNCTION audit_signed() SET search_path = pg_temp",
    "ALTER FUNCTION audit_stamp() OWNER TO {app}",
    "DROP FUNCTION audit_signed()",
    "SELECT audit_stamp()",
    # Names that would be found before the real ones.
    "CREATE SCHEMA mine",
    "CREATE TABLE public.audit_keys (a text)",
    "CREATE TEMP TABLE audit_log (a text)",
    "CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "CREATE CAST (text AS boolean) WITH INOUT",
    "CREATE VIEW public.mine AS SELECT 1",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION audit_update()",
    # The log itself.
    "INSERT INTO audit_log (table_name, row_id, action, actor) VALUES ('users', gen_random_uuid(),"
    " 'insert', 'me')",
    "UPDATE audit_log SET signed = true",
    "DELETE FROM audit_log",
    "SET row_security = off; UPDATE users SET role = 'admin'",
    "TRUNCATE audit_log",
    "TRUNCATE users CASCADE",
    "COPY audit_log FROM STDIN",
    "MERGE INTO audit_log a USING users u ON a.row_id = u.id WHEN MATCHED THEN DELETE",
    "SELECT FROM audit_log FOR UPDATE",
    "DO $$ BEGIN LOCK TABLE audit_log; END $$",
    "ALTER TABLE audit_log ALTER signed SET DEFAULT true",
    "DELETE FROM notifications_default",
    "CREATE TABLE mine PARTITION OF notifications FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')",
    # The key, and files.
    "SELECT * FROM secrets.audit_keys",
    "SELECT table_to_xml('secrets.audit_keys', true, true, '')",
    "SELECT query_to_xml('SELECT * FROM secrets.audit_keys', true, true, '')",
    "INSERT INTO secrets.audit_keys VALUES ('mine', '', '')",
    "CREATE INDEX ON secrets.audit_keys (name)",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_read_binary_file('base/1/1259')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_ls_logdir()",
    "SELECT lo_import('/etc/hostname')",
    "SELECT lo_export(1, '/tmp/evently')",
    "COPY users TO '/tmp/evently'",
    "COPY users TO PROGRAM 'cat'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION pg_stat_statements",
    "CREATE FOREIGN DATA WRAPPER mine",
    "LOAD 'auto_explain'",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SET log_min_duration_statement = 0",
    "CREATE SUBSCRIPTION mine CONNECTION '' PUBLICATION mine",
    "SELECT pg_create_logical_replication_slot('mine', 'test_decoding')",
    "CREATE PUBLICATION mine FOR TABLE secrets.audit_keys",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM pg_statistic",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_is_refused(attacker, statement):
    roles = {
        "app": sql.Identifier(connection.settings_dict["USER"]),
        "owner": sql.Identifier(settings.DATABASES["owner"]["USER"]),
    }
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)):
        attacker.execute(sql.SQL(statement).format(**roles))


def test_owns_nothing_and_may_create_nothing(attacker):
    """Also what a later PostgreSQL adds: no object is the application's, no schema is writable."""
    found = attacker.execute(
        "SELECT 'owns', deptype::text FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
        " WHERE r.rolname = current_user AND deptype = 'o'"
        " UNION ALL SELECT 'creates', nspname FROM pg_namespace"
        " WHERE has_schema_privilege(oid, 'CREATE')"
        " UNION ALL SELECT 'is', rolname FROM pg_roles"
        " WHERE pg_has_role(oid, 'SET') AND (rolsuper OR rolcreaterole OR rolcreatedb)"
        " UNION ALL SELECT 'sets', parname FROM pg_parameter_acl"
        " WHERE has_parameter_privilege(parname, 'SET, ALTER SYSTEM')"
        " UNION ALL SELECT 'in', datname FROM pg_database WHERE datname = current_database()"
        " AND has_database_privilege(oid, 'CREATE, TEMP')"
    ).fetchall()
    assert found == []


def test_functions_with_the_owners_rights_find_no_names_of_others(attacker):
    """Each has a search path of its own, in which temporary tables come last."""
    found = attacker.execute(
        "SELECT p.oid::regprocedure::text, coalesce(array_to_string(proconfig, ';'), '')"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE prosecdef AND nspname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert len(found) > 10
    for name, config in found:
        paths = [part for part in config.split(";") if part.startswith("search_path=")]
        assert len(paths) == 1, name
        schemas = [part.strip(' "') for part in paths[0].removeprefix("search_path=").split(",")]
        assert schemas[-1] == "pg_temp", name


# --- What leaks of the key ---


def test_neither_notices_nor_errors_nor_statistics_show_the_key(attacker, user):
    with as_owner() as owner:
        pads = owner.execute("SELECT encode(inner_pad, 'hex') FROM secrets.audit_keys").fetchall()
    said = []
    attacker.add_notice_handler(lambda notice: said.append(f"{notice.message_primary}{notice}"))
    for setting in ("debug_print_parse", "debug_print_rewritten", "debug_print_plan"):
        attacker.execute(f"SET {setting} = on")
    attacker.execute("SET client_min_messages = debug5")
    for stamp_ in ("", "9" * 40, "1.x", f"{'9' * 12}.{'0' * 64}", "1.\\x00", "é.é"):
        attacker.execute("SELECT set_config('evently.signature', %s, false)", [stamp_])
        said.append(str(is_signed(attacker)))
    attacker.execute("SET statement_timeout = 1")
    try:
        attacker.execute("SELECT count(audit_signed()) FROM generate_series(1, 1000000)")
    except psycopg.errors.QueryCanceled as error:
        said.append(f"{error}{error.diag.context}")
    attacker.execute("SET statement_timeout = 0")
    for view in ("pg_stats", "pg_stats_ext", "pg_settings", "pg_prepared_statements", "pg_cursors"):
        said += map(str, attacker.execute(f"SELECT v::text FROM {view} v").fetchall())
    said += map(str, attacker.execute("SELECT prosrc FROM pg_proc").fetchall())
    everything = "".join(said)
    assert "True" not in said
    assert pads
    for (pad,) in pads:
        assert pad[:32] not in everything
