"""What people can turn off, and what not, by plain SQL."""

import json
from importlib import import_module
from types import SimpleNamespace
from uuid import uuid4

import pytest

from evently.tests.database import as_owner
from evently.tests.rows import event, insert, people, person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db


def test_mute_is_unique_of_a_known_category_and_deleted_with_its_event():
    event_id = event()
    row = {"user_id": person(), "event_id": event_id, "category": "reminders", "channel": "email"}
    mute_id = insert("event_mutes", **row)
    insert("event_mutes", **row | {"channel": "in_app"})
    with refused("unq_event_mute"):
        insert("event_mutes", **row)
    with refused("event_mutes_pkey"):
        insert("event_mutes", **row | {"id": mute_id, "category": "changes"})
    for category in ("bookings", "account", "offers", ""):
        with refused("chk_event_mute_category"):
            insert("event_mutes", **row | {"category": category})
    with refused("chk_event_mute_channel"):
        insert("event_mutes", **row | {"channel": "sms"})
    for column in ("event", "user"):
        with refused(f"fk_event_mutes_{column}"):
            insert("event_mutes", **row | {"category": "changes", f"{column}_id": uuid4()})
            run("SET CONSTRAINTS ALL IMMEDIATE")

    run("DELETE FROM events WHERE id = %s", event_id)

    assert value("SELECT count(*) FROM event_mutes") == 0


def test_what_is_always_sent_stays_on_whoever_writes_preferences():
    user_id = person()
    off = {"booking_confirm": {"email": False}, "event_cancelled": {"email": False}}
    wanted = {"reminder": {"email": False}, "all": {"in_app": False}, "theme": "dark"}

    for preferences in (off | wanted, wanted | {"welcome": {"email": True}}):
        run("UPDATE users SET preferences = %s WHERE id = %s", json.dumps(preferences), user_id)
        assert json.loads(value("SELECT preferences::text FROM users")) == wanted
    run("UPDATE users SET preferences = %s WHERE id = %s", json.dumps(off), user_id)
    assert value("SELECT preferences::text FROM users") == "{}"


@pytest.mark.django_db(transaction=True)
def test_preferences_of_before_lose_what_is_always_sent(monkeypatch):
    migration = import_module("notifications.migrations.0049_preferences_kept")
    monkeypatch.setattr(migration, "ROWS_PER_TRANSACTION", 1)
    kept = {"reminder": {"email": False}}
    before = json.dumps(kept | {"cancellation": {"email": False}})
    ids = people(3)
    trigger = "ALTER TABLE users {} TRIGGER trg_a_preferences_kept"
    with as_owner() as owner:
        owner.execute(trigger.format("DISABLE"))
        owner.execute("UPDATE users SET preferences = %s WHERE id = ANY(%s)", [before, ids[:2]])
        owner.execute(trigger.format("ENABLE"))
        migration.keep(None, SimpleNamespace(connection=owner))

    stored = [json.loads(text) for (text,) in run("SELECT preferences::text FROM users")]
    assert sorted(stored, key=len) == [{}, kept, kept]
