"""`manage.py migrate` waits for locks only briefly, and says what to do then."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from evently.management.commands import migrate
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


def test_limits_waiting_only_while_it_runs(restored):
    with django_in(restored):
        before = lock_timeout()
        with migrate.short_lock_waits(connections["owner"]):
            assert lock_timeout() == "5s"
        assert lock_timeout() == before
