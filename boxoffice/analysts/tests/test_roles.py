"""Logins of analysts, from the command that creates one to the end of its sessions."""

from contextlib import closing, contextmanager
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from boxoffice.analysts import install, roles
from boxoffice.analysts.tests.conftest import book, october, old_event, people
from evently.tests.database import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments, **options):
    out = StringIO()
    call_command("create_analyst", *arguments, stdout=out, **options)
    return out.getvalue()


@contextmanager
def granted(grant, revoke):
    with as_owner() as owner:
        owner.execute(grant)
    try:
        yield
    finally:
        with as_owner() as owner:
            owner.execute(revoke)


def test_the_command_creates_lists_and_drops(login):
    name = f"{login['user']}_2"
    printed = run(name)
    password = printed.splitlines()[1]
    assert f"-U {name} {login['dbname']}" in printed
    with closing(psycopg.connect(**login | {"user": name, "password": password})) as session:
        assert session.execute("SHOW statement_timeout").fetchone() == ("5min",)
        assert session.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
        assert session.execute("SELECT * FROM events").fetchall() == []
        assert run(list=True) == f"{login['user']} (0 sessions)\n{name} (1 session)\n"

        assert "is deleted" in run(name, drop=True)

        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert name not in run(list=True)
    with (
        pytest.raises(psycopg.OperationalError),
        closing(psycopg.connect(**login | {"user": name, "password": password})),
    ):
        pass


def test_a_new_password_replaces_the_old_one(login):
    password = run(login["user"], new_password=True).splitlines()[1]
    with closing(psycopg.connect(**login | {"password": password})):
        pass
    with pytest.raises(psycopg.OperationalError), closing(psycopg.connect(**login)):
        pass


@pytest.mark.parametrize("name", ["Ana", "1a", "a b", "pg_ana", 'a"; DROP ROLE x', "a" * 64])
def test_names_are_plain(name):
    with pytest.raises(CommandError, match="lowercase letters"):
        run(name)


def test_existing_roles_stay_as_they_are(login):
    with pytest.raises(CommandError, match="has a role of this name"):
        run(login["user"])
    # Other roles are no analysts.
    for option in ("drop", "new_password"):
        with pytest.raises(CommandError, match="no analyst of this name"):
            run(connections["default"].settings_dict["USER"], **{option: True})
    with pytest.raises(CommandError, match="Give the name"):
        run()


def test_nothing_is_created_that_would_see_more(login):
    name = f"{login['user']}_2"
    with (
        granted(
            "GRANT USAGE ON SCHEMA keys TO PUBLIC; GRANT SELECT ON keys.person_keys TO PUBLIC",
            "REVOKE ALL ON SCHEMA keys FROM PUBLIC; REVOKE ALL ON keys.person_keys FROM PUBLIC",
        ),
        pytest.raises(CommandError, match=r"schema keys, table keys\.person_keys"),
    ):
        run(name)
    assert name not in run(list=True)


def test_an_owner_who_may_not_create_roles_is_told_what_to_run(login):
    application = connections["default"]
    with pytest.raises(roles.MayNotCreateRoles) as refusal:
        roles.create_analyst(application, f"{login['user']}_2")
    assert f'CREATE ROLE "{login["user"]}_2" LOGIN' in refusal.value.text
    assert "PASSWORD" not in refusal.value.text
    assert f'IN ROLE "{roles.group_of(application)}"' in refusal.value.text


def test_migrations_may_alter_what_views_read(now, login):
    book(old_event(), people(5), october(3))
    statement = "ALTER TABLE bookings ALTER COLUMN quantity TYPE integer"
    with as_owner() as other, pytest.raises(psycopg.errors.FeatureNotSupported):
        other.execute(statement)

    try:
        install.drop_before_migrations("owner", plan=["a migration"])
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT to_regnamespace('analytics')")
            assert cursor.fetchone() == (None,)
    finally:
        install.install("owner")

    with closing(psycopg.connect(**login)) as session:
        assert session.execute("SELECT count(*) FROM bookings").fetchone() == (5,)


def test_views_stay_where_nothing_is_migrated(login):
    def oid():
        with as_owner() as owner:
            return owner.execute("SELECT 'analytics.bookings'::regclass::oid").fetchone()

    before = oid()
    install.drop_before_migrations("owner", plan=[])
    install.install("owner")
    assert oid() == before
