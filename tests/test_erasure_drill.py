"""The drill of erasing, in short: dumps of the test database, and a restored copy beside it."""

import os
import time

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from bench import erasure_drill, throwaway
from bench import erasure_traces as traces
from boxoffice.lifecycle import operations
from evently import preflight
from evently.embedded import backup
from evently.erasure import restoring, tasks
from evently.privacy.models import PersonKey
from evently.tests.database import as_owner_at_once, close_sessions, url_of


@pytest.fixture
def login():
    """Return libpq's variables for the owner of the test database."""
    settings = connections["owner"].settings_dict
    return {
        "PGHOST": settings["HOST"],
        "PGPORT": str(settings["PORT"]),
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
        "PGDATABASE": settings["NAME"],
    }


@pytest.fixture
def beside(settings, login):
    """Create an empty database beside the test database, and return a function that goes there."""
    name = f"{login['PGDATABASE']}_restored"
    original = login["PGDATABASE"]
    as_owner_at_once(f'CREATE DATABASE "{name}" TEMPLATE template0')

    def connect_to(database):
        for alias in ("default", "owner"):
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = database

    def go():
        connect_to(name)
        return {**login, "PGDATABASE": name}

    yield go
    connect_to(original)
    close_sessions()
    with psycopg.connect(url_of("owner"), autocommit=True) as server:
        throwaway.drop(server, name)


@pytest.mark.django_db(transaction=True)
def test_erased_person_stays_erased_in_a_restored_backup(login, beside, settings, tmp_path):
    settings.ERASURE_REGISTER = str(tmp_path / "erasures.jsonl")
    data, keys = tmp_path / "data.dump", tmp_path / "keys" / "data.keys.dump"
    restoring.adopt()
    person = traces.fill()
    assert traces.opened() >= {traces.NAME, traces.EMAIL}
    backup.dump(data, keys, login)
    assert operations.erase_person(user_id=person, at_once=True)
    tasks.write_register()
    assert traces.plain() == []
    assert traces.opened() & {traces.NAME, traces.EMAIL} == set()
    assert preflight.problems() == []
    after = tmp_path / "after.dump"
    backup.dump(after, tmp_path / "keys" / "after.keys.dump", login)
    assert erasure_drill.words_in_dump(after) == []
    assert "wilhelmina" not in erasure_drill.words_in_dump(data), "names are sealed there, too"

    restored = beside()
    backup.load(data, None, restored)
    assert PersonKey.objects.count() == 0
    assert traces.opened() == set(), "without the keys, old data says nothing"
    backup.load_keys(keys, restored)
    assert traces.NAME in traces.opened()
    (problem,) = preflight.problems()
    assert "replay_erasures" in problem

    call_command("replay_erasures", verbosity=0)

    assert traces.plain() == []
    assert traces.opened() & {traces.NAME, traces.EMAIL} == set()
    assert traces.others_are_readable()
    assert preflight.problems() == []


def test_backups_of_keys_expire(tmp_path):
    for name in ("old.keys.dump", "new.keys.dump", "old.dump"):
        (tmp_path / name).write_text("")
    at = time.time()
    os.utime(tmp_path / "old.keys.dump", (at - 15 * 24 * 3600, at - 15 * 24 * 3600))
    os.utime(tmp_path / "old.dump", (at - 15 * 24 * 3600, at - 15 * 24 * 3600))

    assert [path.name for path in backup.delete_old_keys(tmp_path, days=14, now=at)] == [
        "old.keys.dump"
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.keys.dump", "old.dump"]
