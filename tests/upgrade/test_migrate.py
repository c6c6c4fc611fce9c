"""`manage.py migrate` waits for locks only briefly, and says what to do then."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from evently.management.commands import migrate
from evently.supervisor import prepare
from tests.upgrade.restoring import connect, django_in


def lock_timeout():
    with connections["owner"].cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


def test_gives_up_waiting_for_a_lock(copy_of_restored, monkeypatch):
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", timedelta(milliseconds=50))
    with connect(copy_of_restored) as other, other.transaction():
        other.execute("LOCK TABLE django_migrations")
        with pytest.raises(CommandError, match="gave up"):
            call_command("migrate", verbosity=0)

    call_command("migrate", verbosity=0)


def test_start_of_the_server_says_plainly_that_a_migration_gave_up(
    copy_of_restored, monkeypatch, capsys, settings
):
    # Static files are collected in production only.
    settings.DEBUG = True
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", timedelta(milliseconds=50))
    with connect(copy_of_restored) as other, other.transaction():
        other.execute("LOCK TABLE django_migrations")
        assert prepare.main(["--migrate"]) == 2

    said = capsys.readouterr().err
    assert said.startswith("The migration waited")
    assert "Traceback" not in said


def test_limits_waiting_only_while_it_runs(restored):
    with django_in(restored):
        before = lock_timeout()
        with migrate.short_lock_waits(connections["owner"]):
            assert lock_timeout() == "5s"
        assert lock_timeout() == before


def test_each_migration_begins_with_the_short_wait(restored):
    command = migrate.Command()
    with django_in(restored):
        command.migrating, command.verbosity = connections["owner"], 0
        with migrate.short_lock_waits(connections["owner"]):
            with connections["owner"].cursor() as cursor:
                cursor.execute("SET lock_timeout = '10min'")
            command.migration_progress_callback("apply_start", "0009_next")
            assert lock_timeout() == "5s"
