"""Constraints and triggers of users and API tokens, by plain SQL: each accepts, then refuses."""

from hashlib import sha256

import pytest
from django.db import IntegrityError, connection, transaction

from evently.accounts.factories import OrganizerFactory, UserFactory, issued_token
from evently.accounts.models import ApiToken, User
from evently.privacy.keys import create_key
from evently.tests.sql import refused, run

pytestmark = pytest.mark.django_db

SEALED = "sealed:v1:" + "A" * 60
DIGEST = sha256(b"user").hexdigest()


def execute(sql, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def insert_user(**columns):
    columns = {"email": SEALED, "email_digest": DIGEST, "name": SEALED} | columns
    names = ", ".join(columns)
    marks = ", ".join(["%s"] * len(columns))
    [(row_id,)] = execute(
        f"INSERT INTO users ({names}) VALUES ({marks}) RETURNING id", *columns.values()
    )
    return row_id


def test_users_have_defaults_in_the_database(clock):
    clock.stop()
    row_id = insert_user()

    user = User.objects.get(pk=row_id)
    assert row_id.version == 7
    assert (user.role, user.is_active, user.is_superuser, user.version) == ("user", True, False, 1)
    assert (user.password, user.preferences) == ("!", {})
    assert (user.session_version, user.link_version) == (1, 1)
    assert (user.deleted_at, user.email_verified_at) == (None, None)
    assert [(user.created_at,)] == run("SELECT evently_clock()")
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    "value", ["ana@example.org", "", "sealed:v1:", "sealed:v2:" + "A" * 60, "sealed:v1:" + "ä" * 60]
)
def test_chk_email_format_refuses_what_is_not_sealed(value):
    with refused("chk_email_format"):
        insert_user(email=value)


def test_chk_email_format_checks_updates():
    user = UserFactory()

    with refused("chk_email_format"):
        execute("UPDATE users SET email = 'ana@example.org' WHERE id = %s", user.pk)


@pytest.mark.parametrize("value", ["Ana", "", SEALED + "\nAna"])
def test_chk_name_sealed_refuses_what_is_not_sealed(value):
    with refused("chk_name_sealed"):
        insert_user(name=value)


@pytest.mark.parametrize("column", ["email", "name", "role", "preferences", "timezone", "version"])
def test_users_refuse_null(column):
    with pytest.raises(IntegrityError, match="null value"):
        insert_user(**{column: None})


def test_user_id_is_unique():
    row_id = insert_user()

    with refused("users_pkey"):
        insert_user(id=row_id, email_digest=None)


def test_email_digest_is_unique_except_for_deleted_users():
    insert_user()
    insert_user(email_digest=None)
    insert_user(email_digest=None)

    with refused("unq_user_email_digest"):
        insert_user()


@pytest.mark.parametrize("value", ["ana@example.org", "", DIGEST.upper(), DIGEST + "0"])
def test_chk_email_digest_refuses_other_values(value):
    with refused("chk_email_digest"):
        insert_user(email_digest=value)


def test_chk_user_role_allows_two_roles():
    insert_user(role="admin")

    with refused("chk_user_role"):
        insert_user(role="owner", email_digest=None)


def test_chk_superuser_is_admin():
    insert_user(role="admin", is_superuser=True)

    with refused("chk_superuser_is_admin"):
        insert_user(role="user", is_superuser=True, email_digest=None)


PENDING = (
    "UPDATE users SET deletion_requested_at = now(), deletion_due_at = now() + interval '7 days',"
    " deletion_started_at = now() WHERE id = %s"
)


def test_chk_user_deletion():
    user = UserFactory()
    execute(PENDING, user.pk)

    for change in (
        "deletion_due_at = NULL",
        "deletion_requested_at = NULL",
        "deletion_due_at = now() - interval '1 second'",
        "deleted_at = now()",
        "deletion_requested_at = NULL, deletion_due_at = NULL",
    ):
        with refused("chk_user_deletion"):
            execute(f"UPDATE users SET {change} WHERE id = %s", user.pk)
    execute(
        "UPDATE users SET deletion_requested_at = NULL, deletion_due_at = NULL,"
        " deletion_started_at = NULL, deleted_at = now() WHERE id = %s",
        user.pk,
    )


def test_trg_user_versioned_counts_edits():
    user = UserFactory()
    before = User.objects.get(pk=user.pk)

    execute("UPDATE users SET preferences = '{\"mail\": false}' WHERE id = %s", user.pk)

    after = User.objects.get(pk=user.pk)
    assert after.version == 2
    assert after.updated_at > before.updated_at


def test_trg_user_versioned_does_not_count_logins():
    user = UserFactory()

    execute(
        "UPDATE users SET link_version = 7, session_version = 9, password_hash = '!x',"
        " email_verified_at = now() WHERE id = %s",
        user.pk,
    )

    user.refresh_from_db()
    assert (user.version, user.link_version) == (1, 7)


def test_trg_user_versioned_overrides_written_values():
    user = UserFactory()

    execute(
        "UPDATE users SET version = 99, updated_at = '2001-01-01', created_at = '2001-01-01',"
        " id = evently_uuid7() WHERE id = %s",
        user.pk,
    )

    after = User.objects.get(pk=user.pk)
    assert (after.version, after.created_at) == (1, user.created_at)
    assert after.updated_at >= user.updated_at


def test_idx_users_active_excludes_deleted_users():
    [(definition,)] = execute(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_users_active'"
    )

    assert definition.endswith("USING btree (id) WHERE (deleted_at IS NULL)")


# ── API tokens ──────────────────────────────────────────────────────────────
INSERT_TOKEN = (
    "INSERT INTO api_tokens (user_id, name, digest, scopes, expires_at)"
    " VALUES (%s, 'shop', %s, %s, now() + %s::interval)"
)


def insert_token(user, digest=DIGEST, scopes=("read",), lifetime="1 day"):
    return execute(INSERT_TOKEN, user.pk, digest, list(scopes), lifetime)


def test_api_tokens_have_defaults_in_the_database():
    insert_token(UserFactory(), scopes=["read", "book", "organize"])

    token = ApiToken.objects.get()
    assert token.pk.version == 7
    assert (token.revoked_at, token.last_used_on) == (None, None)


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "everything"]])
def test_chk_token_scopes(scopes):
    with refused("chk_token_scopes"):
        insert_token(UserFactory(), scopes=scopes)


@pytest.mark.parametrize("digest", ["", "evt_secret", DIGEST.upper()])
def test_chk_token_digest(digest):
    with refused("chk_token_digest"):
        insert_token(UserFactory(), digest=digest)


def test_unq_token_digest():
    insert_token(UserFactory())

    with refused("unq_token_digest"):
        insert_token(UserFactory())


def test_api_token_id_is_unique():
    insert_token(UserFactory())
    insert_token(UserFactory(), digest=sha256(b"another").hexdigest())

    with refused("api_tokens_pkey"):
        execute("UPDATE api_tokens SET id = (SELECT min(id::text)::uuid FROM api_tokens)")


def test_chk_token_expiry():
    with refused("chk_token_expiry"):
        insert_token(UserFactory(), lifetime="-1 second")


def test_chk_token_deletion_short():
    insert_token(UserFactory(), scopes=["read", "delete_account"], lifetime="59 minutes")

    with refused("chk_token_deletion_short"):
        insert_token(
            UserFactory(),
            digest=sha256(b"long").hexdigest(),
            scopes=["delete_account"],
            lifetime="61 minutes",
        )


def test_api_tokens_need_a_user():
    deleted = User(pk=UserFactory().pk)
    execute("DELETE FROM users WHERE id = %s", deleted.pk)
    insert_token(deleted)

    with refused("fk_token_user"):
        execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("DELETE FROM api_tokens")


def test_deleting_a_user_deletes_their_tokens_and_admin_log():
    ana, bo = OrganizerFactory(), UserFactory()
    issued_token(ana), issued_token(bo)
    execute(
        "INSERT INTO django_admin_log (user_id, action_time, action_flag, object_repr,"
        " change_message) VALUES (%s, now(), 1, 'x', '')",
        ana.pk,
    )

    execute("DELETE FROM users WHERE id = %s", ana.pk)
    execute("SET CONSTRAINTS ALL IMMEDIATE")

    assert list(ApiToken.objects.values_list("user_id", flat=True)) == [bo.pk]
    assert execute("SELECT count(*) FROM django_admin_log") == [(0,)]


# ── Personal data is sealed ─────────────────────────────────────────────────
TABLES = """
    SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname IN ('public', 'keys')
"""


def everything_stored():
    for (table,) in execute(TABLES):
        allowed = execute("SELECT has_table_privilege(%s, 'SELECT')", table)[0][0]
        if allowed:
            for (row,) in execute(f"SELECT t::text FROM {table} t"):
                yield table, row


def test_no_personal_data_is_stored_as_plain_text():
    user = UserFactory(
        email="Zebediah@example.org", name="Quixote Marchbanks", password="Xylophone-9"
    )
    token = issued_token(user)
    user.seal(user.key, name="Quixote Farnaby")
    user.save(update_fields=["sealed_name"])
    execute("DELETE FROM users WHERE id = %s", UserFactory(name="Perivale Oss").pk)

    words = (
        "zebediah",
        "quixote",
        "marchbanks",
        "farnaby",
        "xylophone",
        "perivale",
        token.secret.lower(),
    )
    stored = list(everything_stored())
    found = [(table, word) for table, row in stored for word in words if word in row.lower()]

    assert {"public.users", "public.audit_log", "keys.person_keys"} <= {
        table for table, _ in stored
    }
    assert found == []


def test_audit_log_has_no_email_digest():
    user = UserFactory()
    digest = user.email_digest

    execute("UPDATE users SET email_digest = NULL WHERE id = %s", user.pk)

    rows = [row for table, row in everything_stored() if table == "public.audit_log"]
    assert rows
    assert not any(digest in row for row in rows)


def test_an_unsealed_column_cannot_be_saved():
    user = UserFactory()
    user.sealed_email = "ana@example.org"

    with pytest.raises(ValueError, match="sealed values only"):
        user.save()
    with pytest.raises(ValueError, match="sealed values only"):
        User.objects.filter(pk=user.pk).update(sealed_name="Ana")
    with pytest.raises(ValueError, match="sealed values only"):
        User.objects.bulk_create([User(sealed_email="ana@example.org", sealed_name="Ana")])


def test_a_sealed_value_of_another_user_does_not_open():
    ana, bo = UserFactory(), UserFactory()
    User.objects.filter(pk=bo.pk).update(sealed_email=ana.sealed_email)

    assert User.objects.get(pk=bo.pk).email == ""


def test_create_key_is_refused_twice():
    user = UserFactory()

    with refused("person_keys_pkey"):
        create_key(user_id=user.pk)
