"""Rotating users' keys: two at once, killed halfway, with keys that do not unwrap, in words."""

import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from io import StringIO
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections

from evently.accounts.factories import SuperuserFactory, UserFactory
from evently.audit.context import acting, stamp
from evently.audit.models import AuditLog
from evently.environment import BASE_DIR, fingerprint
from evently.privacy import rotation
from evently.privacy.models import PersonKey
from evently.privacy.rotation import keys_in_use, rotate_keys
from evently.privacy.sealing import unwrap, wrap
from evently.tests.database import as_owner, url_of
from evently.tests.running import production
from evently.tests.sql import run, value
from evently.tests.together import run_together

NEW = {"new": b"n" * 32}
WRAPPED_DIFFERENTLY = (
    "UPDATE keys.person_keys SET wrapped_key = set_byte(wrapped_key, 20, 0)"
    " WHERE get_byte(wrapped_key, 20) <> 0 AND user_id = %s"
)


@pytest.fixture
def rotating(settings):
    """Put a new key first, and count as no process of Evently's."""
    settings.EVENTLY_PII_KEYS = NEW | settings.EVENTLY_PII_KEYS
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SET application_name = 'pytest'")
    yield settings
    for alias in ("default", "owner"):
        connections[alias].close()


def many_keys(count):
    """Insert keys without users, all of one wrapping; return them, unwrapped."""
    made = {uuid4(): os.urandom(32) for _ in range(count)}
    old = dict(list(settings.EVENTLY_PII_KEYS.items())[-1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "EVENTLY_PII_KEYS", old)
        PersonKey.objects.bulk_create(
            PersonKey(user_id=user_id, wrapped_key=wrapped, wrapping_key_name=name)
            for user_id, key in made.items()
            for wrapped, name in [wrap(key, user_id=user_id)]
        )
    return made


def unwrapped():
    return {
        row.user_id: unwrap(row.wrapped_key, row.wrapping_key_name, user_id=row.user_id)
        for row in PersonKey.objects.all()
    }


def command(**options):
    out, progress = StringIO(), StringIO()
    call_command("rotate_pii_keys", watch=0, stdout=out, stderr=progress, **options)
    return out.getvalue()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_share_the_work(rotating):
    made = many_keys(300)

    one, other = run_together(*[lambda: rotate_keys(batch=20)] * 2)

    assert one.rewrapped + other.rewrapped == 300
    assert one.is_complete
    assert other.is_complete
    assert keys_in_use() == {"new": 300}
    assert unwrapped() == made


KILLED = """
import os, signal, sys
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "evently.settings"
django.setup()
from evently.privacy.rotation import rotate_keys
def die(done):
    if done.rewrapped >= int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
rotate_keys(batch=20, watch=die)
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.processes
def test_a_killed_rotation_is_finished_by_the_next(rotating):
    made = many_keys(100)
    keys = ",".join(
        f"{n}:{b64encode(key).decode()}" for n, key in rotating.EVENTLY_PII_KEYS.items()
    )
    more = {"DATABASE_URL": url_of(), "EVENTLY_PII_KEYS": keys}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "40"],
        env=os.environ | production() | more,
        cwd=BASE_DIR,
        capture_output=True,
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert keys_in_use() == {"dev": 60, "new": 40}
    assert unwrapped() == made
    assert rotate_keys().rewrapped == 60
    assert (keys_in_use(), unwrapped()) == ({"new": 100}, made)


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_changes_nothing(rotating, monkeypatch):
    made = many_keys(3)
    wrong = dict.fromkeys(made, b"x" * 32)
    monkeypatch.setattr(rotation, "_unwrapped", lambda rows, done: wrong)
    monkeypatch.setattr(
        rotation, "wrap", lambda key, *, user_id: wrap(made[user_id], user_id=user_id)
    )

    with pytest.raises(rotation.NotKept):
        rotate_keys()

    assert keys_in_use() == {"dev": 3}
    monkeypatch.undo()
    assert unwrapped() == made


@pytest.mark.django_db(transaction=True)
def test_locked_keys_are_left_for_later(rotating, monkeypatch):
    made = many_keys(3)
    monkeypatch.setattr(rotation, "ROUNDS", 2)
    monkeypatch.setattr(rotation, "PAUSE_SECONDS", 0)
    with as_owner() as owner:
        owner.execute("BEGIN")
        owner.execute(
            "SELECT FROM keys.person_keys WHERE user_id = %s FOR UPDATE", [next(iter(made))]
        )
        done = rotate_keys()
        assert (done.rewrapped, done.busy, done.is_complete) == (2, 1, False)
        with pytest.raises(CommandError, match="1 key stayed locked by other transactions"):
            command()
        owner.execute("ROLLBACK")
    assert rotate_keys().rewrapped == 1


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_key_that_cannot_be_unwrapped_is_reported(rotating):
    users = UserFactory.create_batch(3)
    PersonKey.objects.exclude(pk__in=[user.pk for user in users]).delete()
    many_keys(2)
    broken = PersonKey.objects.filter(wrapping_key_name="dev").first().user_id
    run(WRAPPED_DIFFERENTLY, broken)

    with pytest.raises(CommandError, match=rf"1 key cannot be unwrapped.*{broken}"):
        command(batch=1)

    # All others are done, and it stays as it was.
    assert keys_in_use() == {"dev": 1, "new": 4}
    assert PersonKey.objects.get(wrapping_key_name="dev").user_id == broken


@pytest.mark.django_db(databases=["default", "owner"])
def test_dry_run_changes_nothing_and_finds_what_is_wrong(rotating):
    made = many_keys(3)
    before = value("SELECT md5(string_agg(wrapped_key::text, '')) FROM keys.person_keys")

    assert "3 keys would be rewrapped with 'new'. Nothing was changed." in command(dry_run=True)
    assert value("SELECT md5(string_agg(wrapped_key::text, '')) FROM keys.person_keys") == before
    run(WRAPPED_DIFFERENTLY, next(iter(made)))
    with pytest.raises(CommandError, match="cannot be unwrapped"):
        command(dry_run=True)


@pytest.mark.django_db(databases=["default", "owner"])
def test_an_old_key_is_kept_while_a_process_wraps_with_it(rotating):
    many_keys(1)
    known = rotating.EVENTLY_PII_KEYS
    names = " ".join(fingerprint(name, known[name]) for name in ("dev", "new"))
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SET application_name = 'evently {names}'")

    said = command()

    assert "Not in use now: 'dev'. But 1 database connection of processes that wrap" in said
    assert "can be removed" not in said


@pytest.mark.django_db(databases=["default", "owner"])
def test_progress_names_count_and_time_left(rotating):
    class Terminal(StringIO):
        def isatty(self):
            return True

    many_keys(4)
    terminal = Terminal()
    call_command("rotate_pii_keys", watch=0, batch=1, stdout=StringIO(), stderr=terminal)
    assert re.search(r"\r4 of 4 keys \(100%\)", terminal.getvalue())
    with pytest.raises(CommandError):
        call_command("rotate_pii_keys", "--batch", "0")


@pytest.mark.django_db(databases=["default", "owner"])
def test_rotation_is_one_act_of_the_trail_in_words(rotating, client):
    client.force_login(SuperuserFactory())
    many_keys(1)
    user = UserFactory(name="Zoe")
    rotating.EVENTLY_PII_KEYS = {"third": b"t" * 32} | rotating.EVENTLY_PII_KEYS
    rotate_keys(batch=2)

    rows = AuditLog.objects.filter(table_name="person_keys", action="update")
    assert rows.count() == 3
    assert len({row.act for row in rows}) == 1
    assert {row.signed for row in rows} == {True}
    row = rows.get(row_id=user.pk)
    assert row.after == {"wrapped_key": "[redacted]", "wrapping_key_name": "third"}
    page = client.get("/admin/audit/auditlog/").content.decode()
    assert "rewrapped 3 encryption keys" in page
    assert "rewrapped Zoe’s encryption key" in page


@pytest.mark.django_db
def test_plain_sql_on_keys_leaves_a_trail_without_the_key():
    with acting(actor="a test"):
        stamp(connection)
        zoe = UserFactory(name="Zoe")
    rows = AuditLog.objects.filter(table_name="person_keys", row_id=zoe.pk).order_by("id")
    assert not rows.exists()
    run("SET LOCAL evently.signature = ''")
    run("UPDATE keys.person_keys SET wrapping_key_name = 'mine' WHERE user_id = %s", zoe.pk)
    run("DELETE FROM keys.person_keys WHERE user_id = %s", zoe.pk)
    run(
        "INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)"
        " VALUES (%s, substr(sha512('x'::bytea), 1, 60), 'mine')",
        zoe.pk,
    )

    assert [row.action for row in rows] == ["update", "delete", "insert"]
    assert {row.signed for row in rows} == {False}
    assert [(row.before or {}).get("wrapped_key") for row in rows] == [None, "[redacted]", None]
    assert rows[2].after["wrapped_key"] == "[redacted]"
    assert {row.db_role for row in rows} == {connection.settings_dict["USER"]}
